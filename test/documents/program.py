"""Counts words."""
import re


def count(text: str) -> int:
    # 统计单词
    return len(re.findall(r"\w+", text))


class Counter:
    def __init__(self):
        self.total = 0
