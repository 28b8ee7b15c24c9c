import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";

/** Words of 32 bits: one that tells this kind of file, two of identity, the epoch, padding, counters. */
const magic = 0x4c_42_43_31;
const headerWords = 16;
const slots = 65_536;
const words = headerWords + slots;
const index = { magic: 0, idHigh: 1, idLow: 2, epoch: 3 } as const;

function freshWords(): Uint32Array<ArrayBuffer> {
  const fresh = new Uint32Array(words);
  crypto.getRandomValues(fresh.subarray(index.idHigh, index.epoch + 1));
  fresh[index.magic] = magic;
  return fresh;
}

/**
 * Which cached values are still true. Every value is cached together with the stamp that its key had
 * before the value was read from the store; `bump` changes the stamp; a value whose stamp is not the
 * key's stamp of this moment counts as absent, wherever it was kept and however it got there.
 *
 * Keys share 65,536 counters by their hash, so that a bump may also end the values of another key:
 * a miss too many, never a wrong value.
 */
export class Generations {
  /** Tells the databases apart that share one Redis; 16 hexadecimal digits. */
  readonly id: string;

  private constructor(private readonly words: Uint32Array) {
    this.id = [index.idHigh, index.idLow]
      .map((at) => (words[at] ?? 0).toString(16).padStart(8, "0"))
      .join("");
  }

  /** Counters of this object alone. */
  static private(): Generations {
    return new Generations(freshWords());
  }

  /**
   * Counters in a file beside the database, `<database>-cache`, mapped into the memory of every
   * process that opens them, as SQLite itself does with `<database>-shm`; atomic instructions keep
   * them coherent. Whoever can write the database can therefore announce the change, whether Redis
   * is reachable or not, at the price of one memory access.
   *
   * To open them is to end the values of everybody: the process that ran here before may have died
   * after a commit and before its `bump`, or the machine may have lost power and with it the latest
   * commits, the latest counters or both.
   *
   * The file must not be deleted while a server runs. Throws what the file system throws, and where
   * it cannot share memory or is not such a file.
   */
  static open(databasePath: string): Generations {
    const database = existsSync(databasePath) ? realpathSync(databasePath) : databasePath;
    const path = `${database}-cache`;
    if (!existsSync(path)) create(path);
    const bytes = Bun.mmap(path, { shared: true });
    const mapped = new Uint32Array(bytes.buffer, 0, Math.floor(bytes.byteLength / 4));
    if (mapped.length !== words || mapped[index.magic] !== magic) {
      throw new Error(`${path} is not a file of cache counters`);
    }
    const [epoch = 0] = crypto.getRandomValues(new Uint32Array(1));
    Atomics.store(mapped, index.epoch, epoch === mapped[index.epoch] ? epoch + 1 : epoch);
    return new Generations(mapped);
  }

  /** Changes with every `bump` of the key, here or in another process, and never comes back. */
  stamp(key: string): string {
    const epoch = Atomics.load(this.words, index.epoch);
    return `${epoch}.${Atomics.load(this.words, slot(key))}`;
  }

  /** When it returns, no value that was stamped before is true, for any process. */
  bump(key: string): void {
    Atomics.add(this.words, slot(key), 1);
  }
}

const slot = (key: string): number => headerWords + (Bun.hash.xxHash32(key) % slots);

/**
 * The file appears whole or not at all, once, however many processes start together: it is written
 * under another name and then linked. Every block is written, since a hole that cannot be filled on
 * a full disk would kill the process with SIGBUS.
 */
function create(path: string): void {
  const draft = `${path}-${crypto.randomUUID()}`;
  try {
    const file = openSync(draft, "wx");
    try {
      writeFileSync(file, freshWords());
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    linkSync(draft, path);
  } catch (error) {
    if (!existsSync(path)) throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}
