import { getPriority } from "node:os";
import { yieldToOtherThreads } from "../../src/workers/priority.ts";

declare const self: Worker;

yieldToOtherThreads("ingesting");
self.postMessage(getPriority(0));
