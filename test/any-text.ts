import fc from "fast-check";

/** Any string at all: control characters, lone surrogates, and often what means something in a stream. */
export const anyText: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
      fc.constantFrom(
        "\n",
        "\r",
        "\r\n",
        "\n\n",
        "data: ",
        "id: ",
        ":",
        '"',
        "\\",
        "\u2028",
        "😀",
        "汉",
      ),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(""));
