/** 2024-01-01, in milliseconds. */
const epoch = 1_704_067_200_000;

/** Ids of one millisecond: with 41 bits of time in front, ids stay below 2^53 until 2093. */
const idsPerMillisecond = 4096;

/**
 * Makes integer ids that grow with time, all above `floor`, the highest id ever used before. Each
 * millisecond begins at a random place, so that two processes on one database hardly ever meet.
 */
export function createIdSource(floor: number): () => number {
  let last = floor;
  return () => {
    const now = (Date.now() - epoch) * idsPerMillisecond;
    const first = now + Math.floor(Math.random() * (idsPerMillisecond / 2));
    last = last < now ? first : last + 1;
    return last;
  };
}

/** Unix seconds. */
export const unixTime = (): number => Math.floor(Date.now() / 1000);
