/** The connection that a body comes from. */
export interface Source {
  /** Bytes are not wanted for now; those on their way may still come. */
  pause(): void;
  resume(): void;
  /** Nothing more is wanted: the connection is dropped. */
  cancel(): void;
}

/** Bytes that may come with the head, before anybody can have asked for them. */
const mostEarly = 65_536;

/** Bytes that are handed to a reader at once: nothing more is taken before it asks again. */
const largestRead = 65_536;

/**
 * The body of an answer while it comes, read once and by one of two ways: `each` hands over what
 * arrives in the moment in which it does, `read` when it is asked for, and then the provider waits for
 * a reader who does not come.
 *
 * The connection feeds it; what breaks the connection is thrown behind the bytes that came before.
 */
export class ReplyBody {
  #unread: Uint8Array[] = [];
  #unreadBytes = 0;
  /** Bytes that may lie here unread before the connection is told to wait. */
  #mostUnread = mostEarly;
  #paused = false;
  #ending: { readonly failure?: unknown } | undefined;
  #take: ((bytes: Uint8Array) => void) | undefined;
  #changed: PromiseWithResolvers<void> | undefined;

  constructor(private readonly source: Source) {}

  /** Takes bytes from the connection; they are the body's from now on. */
  feed(bytes: Uint8Array): void {
    if (this.#take !== undefined) {
      this.#take(bytes);
      return;
    }
    const isAwaited = this.#changed !== undefined && bytes.length < largestRead;
    this.#unread.push(bytes);
    this.#unreadBytes += bytes.length;
    this.#wake();
    if (isAwaited || this.#paused || this.#unreadBytes <= this.#mostUnread) return;
    this.#paused = true;
    this.source.pause();
  }

  /** Nothing more comes, since all is there or, with a `failure`, since the connection broke. */
  end(ending: { readonly failure?: unknown } = {}): void {
    this.#ending ??= ending;
    this.#wake();
  }

  /**
   * Calls `take` with all bytes, in order and as they come, and resolves at their end.
   *
   * @throws what broke the connection
   */
  async each(take: (bytes: Uint8Array) => void): Promise<void> {
    for (const bytes of this.#takeUnread()) take(bytes);
    this.#take = take;
    while (this.#ending === undefined) await this.#change();
    if ("failure" in this.#ending) throw this.#ending.failure;
  }

  /**
   * The next bytes, 65,536 at most; undefined at their end.
   *
   * @throws what broke the connection
   */
  async read(): Promise<Uint8Array | undefined> {
    this.#mostUnread = 0;
    for (;;) {
      const bytes = this.#nextUnread();
      if (bytes !== undefined) return bytes;
      this.#resume();
      if (this.#ending === undefined) await this.#change();
      else if ("failure" in this.#ending) throw this.#ending.failure;
      else return undefined;
    }
  }

  /** Lets what still comes pass by; resolves when nothing more does, whatever the reason. */
  async discard(): Promise<void> {
    this.#take = () => {};
    this.#takeUnread();
    while (this.#ending === undefined) await this.#change();
  }

  /** Drops the connection: the body ends here. */
  cancel(): void {
    if (this.#ending !== undefined) return;
    this.end();
    this.source.cancel();
  }

  #nextUnread(): Uint8Array | undefined {
    const [first] = this.#unread;
    if (first === undefined) return undefined;
    // Of a large piece a copy, so that whoever keeps a bit of it does not keep all.
    const isLarge = first.buffer.byteLength > largestRead;
    const bytes = isLarge ? Buffer.from(first.subarray(0, largestRead)) : first;
    if (bytes.length === first.length) this.#unread.shift();
    else this.#unread[0] = first.subarray(bytes.length);
    this.#unreadBytes -= bytes.length;
    return bytes;
  }

  #takeUnread(): Uint8Array[] {
    const unread = this.#unread;
    this.#unread = [];
    this.#unreadBytes = 0;
    this.#resume();
    return unread;
  }

  #resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.source.resume();
  }

  #change(): Promise<void> {
    this.#changed ??= Promise.withResolvers();
    return this.#changed.promise;
  }

  #wake(): void {
    this.#changed?.resolve();
    this.#changed = undefined;
  }
}
