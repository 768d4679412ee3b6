// Account tokens in a directory, a file each: <public key>.jwt, as nats-server keeps them.
//
// Owns: the files; an index of them with their hashes, in the order of use.
// Changes happen one after the other; a token is written beside its file and
// renamed, so a file is always whole, and whoever saved it is answered when it
// is durable. What is deleted keeps its bytes under <public key>.jwt.deleted,
// unless deleting is hard. Files whose names are no public keys are left alone.
// Knows nothing of trust: a token here may be anybody's.

import { createHash } from "node:crypto";
import { type Disk, DiskError, type DiskDone } from "../../base/disk.ts";
import type { Env, Timer } from "../../base/world.ts";
import { JwtError } from "../jwt/jwt_error.ts";
import { decodeGenericClaims, MAX_TOKEN_BYTES } from "../jwt/token.ts";
import { decodePublicKey, isPublicKey } from "../nkey.ts";

export interface TokenDirectoryOptions {
  /** Most tokens; Infinity is no limit. */
  readonly limit: number;
  /** What happens to one more: it is refused, or the one longest unused makes room. */
  readonly whenFull: "refuse" | "evict";
  /** Tokens go this long after they were last used; 0: when they expire, Infinity: never. */
  readonly ttlMs: number;
  readonly deletes: "no" | "rename" | "hard";
}

/** A token was saved that is not the one that was there. */
export type TokenSaved = (publicKey: string, token: string) => void;

interface Entry {
  hash: Buffer;
  expiresMs: number;
}

const EXTENSION = ".jwt";
const HASH_BYTES = 32;
const MOST_BETWEEN_CHECKS_MS = 60_000;

export class TokenDirectory {
  readonly #disk: Disk;
  readonly #env: Env;
  readonly #options: TokenDirectoryOptions;
  readonly #onSaved: TokenSaved;
  /** The one longest unused first, where that matters. */
  #index = new Map<string, Entry>();
  /** All hashes, one over the other. */
  #hash = Buffer.alloc(HASH_BYTES);
  #last: Promise<unknown> = Promise.resolve();
  #timer: Timer | undefined;
  #isClosed = false;

  private constructor(disk: Disk, env: Env, options: TokenDirectoryOptions, onSaved: TokenSaved) {
    this.#disk = disk;
    this.#env = env;
    this.#options = options;
    this.#onSaved = onSaved;
  }

  /** The directory is the root of `disk`, and nobody else's. */
  static open(disk: Disk, env: Env, options: TokenDirectoryOptions, onSaved: TokenSaved): TokenDirectory | DiskError {
    const directory = new TokenDirectory(disk, env, options, onSaved);
    const failed = directory.#readAll(() => undefined);
    if (failed !== undefined) return failed;
    directory.#checkLater();
    return directory;
  }

  get size(): number {
    return this.#index.size;
  }
  /** Says which tokens it holds: equal to that of another directory exactly when that holds the same. 32 bytes. */
  hash(): Buffer {
    return Buffer.from(this.#hash);
  }

  /** A token that counts as used; undefined when there is none. */
  load(publicKey: string): string | JwtError | undefined {
    const file = fileOf(publicKey);
    if (file === undefined) return new JwtError("invalid public key");
    const token = this.#read(file);
    if (typeof token === "string") this.#use(publicKey);
    if (!(token instanceof DiskError)) return token;
    return token.code === "ENOENT" ? undefined : new JwtError(token.text);
  }

  /** Keeps a token in the place of any other. */
  save(publicKey: string, token: string): Promise<JwtError | undefined> {
    return this.#inTurn(() => this.#write(publicKey, token));
  }

  /** Keeps a token unless the one that is there was issued later, or is the same. */
  saveIfNewer(publicKey: string, token: string): Promise<JwtError | undefined> {
    return this.#inTurn(async () => {
      const verdict = this.#compare(publicKey, token);
      return verdict === "newer" ? this.#write(publicKey, token) : verdict;
    });
  }

  /** Takes what another server packed: lines of "<public key>|<token>". Stops at the first that is wrong. */
  async merge(pack: string): Promise<JwtError | undefined> {
    for (const line of pack.split("\n")) {
      if (line === "") continue;
      const [publicKey = "", token, ...more] = line.split("|");
      if (token === undefined || more.length > 0) return new JwtError("line in package didn't contain 2 entries");
      if (!isPublicKey(publicKey, "account")) return new JwtError("key to merge is not a valid public account key");
      const failed = await this.saveIfNewer(publicKey, token);
      if (failed !== undefined) return failed;
    }
    return undefined;
  }

  /** Removes a token; whether there was one. */
  delete(publicKey: string): Promise<boolean | JwtError> {
    return this.#inTurn(async () => {
      const file = fileOf(publicKey);
      if (this.#options.deletes === "no") return new JwtError("store is not set up to for delete");
      if (file === undefined) return new JwtError("invalid public key");
      const failed =
        this.#options.deletes === "hard" ? this.#disk.remove(file) : this.#disk.rename(file, `${file}.deleted`);
      if (failed !== undefined) return failed.code === "ENOENT" ? false : new JwtError(failed.text);
      this.#forget(publicKey);
      const unsynced = await this.#done((done) => this.#disk.syncDirectory("", done));
      return unsynced === undefined ? true : new JwtError(unsynced.text);
    });
  }

  /** What another server would merge, a line at a time, by name; without what has expired. */
  *pack(): Generator<string> {
    for (const publicKey of [...this.#index.keys()].sort()) {
      const token = this.#read(`${publicKey}${EXTENSION}`);
      if (token instanceof DiskError || token === "") continue;
      const claims = decodeGenericClaims(token);
      const isOver = !(claims instanceof JwtError) && claims.exp > 0 && claims.exp < this.#env.wallSec();
      if (!isOver) yield `${publicKey}|${token}`;
    }
  }

  /** Reads the files anew. Tells of those that changed since; with "evict" also of those that were not there. */
  reload(): DiskError | undefined {
    const before = this.#index;
    this.#index = new Map();
    this.#hash = Buffer.alloc(HASH_BYTES);
    return this.#readAll((publicKey, token, { hash }) => {
      const old = before.get(publicKey);
      const isNews = old === undefined ? this.#options.whenFull === "evict" : !old.hash.equals(hash);
      if (isNews) this.#onSaved(publicKey, token);
    });
  }

  /** Waits for what is being written; nothing is changed afterwards. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    await this.#last;
  }

  /** Compares a token with the one that is there. */
  #compare(publicKey: string, token: string): "newer" | JwtError | undefined {
    const file = fileOf(publicKey);
    if (file === undefined) return new JwtError("invalid public key");
    const old = this.#read(file);
    if (old instanceof DiskError) return old.code === "ENOENT" ? "newer" : new JwtError(old.text);
    const next = decodeGenericClaims(token);
    if (next instanceof JwtError) return next;
    const existing = decodeGenericClaims(old);
    if (existing instanceof JwtError) return "newer";
    if (existing.jti === next.jti || existing.iat > next.iat) return undefined;
    if (next.sub !== publicKey) return new JwtError("jwt subject nkey and provided nkey do not match");
    return existing.sub === next.sub ? "newer" : new JwtError("subject of existing and new jwt do not match");
  }

  async #write(publicKey: string, token: string): Promise<JwtError | undefined> {
    const file = fileOf(publicKey);
    if (file === undefined) return new JwtError("invalid public key");
    if (token === "") return new JwtError("invalid JWT");
    const bytes = Buffer.from(token, "utf8");
    const hash = hashOf(bytes);
    const old = this.#index.get(publicKey);
    if (old !== undefined) {
      this.#use(publicKey);
      if (old.hash.equals(hash)) return undefined;
    } else if (this.#index.size >= this.#options.limit) {
      const full = this.#makeRoom();
      if (full !== undefined) return full;
    }
    const failed = await this.#replace(file, bytes);
    if (failed !== undefined) {
      // It may have been replaced and not be durable.
      const found = this.#read(file);
      if (!(found instanceof DiskError)) this.#track(publicKey, hashOf(Buffer.from(found)), found);
      return new JwtError(failed.text);
    }
    this.#track(publicKey, hash, token);
    this.#onSaved(publicKey, token);
    return undefined;
  }

  #makeRoom(): JwtError | undefined {
    const [oldest] = this.#index.keys();
    if (this.#options.whenFull === "refuse" || oldest === undefined) return new JwtError("jwt store is full");
    const failed = this.#disk.remove(`${oldest}${EXTENSION}`);
    if (failed !== undefined && failed.code !== "ENOENT") return new JwtError(failed.text);
    this.#forget(oldest);
    return undefined;
  }

  async #replace(path: string, bytes: Uint8Array): Promise<DiskError | undefined> {
    const temporary = `${path}.new`;
    // A crash may have left one.
    this.#disk.remove(temporary);
    const file = this.#disk.open(temporary, "create");
    if (file instanceof DiskError) return file;
    const unwritten = await this.#done((done) => this.#disk.commit(file, 0, bytes, 0, bytes.length, "synced", done));
    this.#disk.close(file);
    const failed = unwritten ?? this.#disk.rename(temporary, path);
    if (failed !== undefined) this.#disk.remove(temporary);
    return failed ?? this.#done((done) => this.#disk.syncDirectory("", done));
  }

  #read(path: string): string | DiskError {
    const file = this.#disk.open(path, "read");
    if (file instanceof DiskError) return file;
    const size = this.#disk.size(file);
    let result: string | DiskError;
    if (size instanceof DiskError) result = size;
    else if (size > MAX_TOKEN_BYTES) result = new DiskError("EFBIG", "token too large");
    else {
      const bytes = Buffer.alloc(size);
      const count = this.#disk.read(file, 0, bytes, 0, size);
      result = count instanceof DiskError ? count : bytes.toString("utf8", 0, count);
    }
    this.#disk.close(file);
    return result;
  }

  #readAll(found: (publicKey: string, token: string, entry: Entry) => void): DiskError | undefined {
    const names = this.#disk.list("");
    if (names instanceof DiskError) return names;
    for (const name of names.sort()) {
      const publicKey = name.endsWith(EXTENSION) ? name.slice(0, -EXTENSION.length) : "";
      if (fileOf(publicKey) === undefined) continue;
      const token = this.#read(name);
      if (!(token instanceof DiskError))
        found(publicKey, token, this.#track(publicKey, hashOf(Buffer.from(token)), token));
    }
    return undefined;
  }

  #track(publicKey: string, hash: Buffer, token: string): Entry {
    const old = this.#index.get(publicKey);
    if (old !== undefined) this.#mix(old.hash);
    this.#mix(hash);
    const entry = { hash, expiresMs: this.#expiryOf(token) };
    this.#index.set(publicKey, entry);
    return entry;
  }

  #forget(publicKey: string): void {
    const entry = this.#index.get(publicKey);
    if (entry === undefined) return;
    this.#mix(entry.hash);
    this.#index.delete(publicKey);
  }

  #use(publicKey: string): void {
    const entry = this.#index.get(publicKey);
    if (entry === undefined) return;
    const { ttlMs, whenFull } = this.#options;
    if (ttlMs !== 0) entry.expiresMs = this.#nowMs() + ttlMs;
    if (whenFull !== "evict") return;
    this.#index.delete(publicKey);
    this.#index.set(publicKey, entry);
  }

  #mix(hash: Buffer): void {
    for (let i = 0; i < HASH_BYTES; i++) this.#hash[i]! ^= hash[i]!;
  }

  #expiryOf(token: string): number {
    if (this.#options.ttlMs !== 0) return this.#nowMs() + this.#options.ttlMs;
    const claims = decodeGenericClaims(token);
    return claims instanceof JwtError || claims.exp === 0 ? Number.POSITIVE_INFINITY : claims.exp * 1000;
  }

  #checkLater(): void {
    const { ttlMs } = this.#options;
    const everyMs = ttlMs === 0 ? MOST_BETWEEN_CHECKS_MS : Math.min(MOST_BETWEEN_CHECKS_MS, Math.max(1, ttlMs / 2));
    this.#timer = this.#env.wallAfter(everyMs, () => {
      void this.#inTurn(() => Promise.resolve(this.#expire()));
      this.#checkLater();
    });
  }

  #expire(): undefined {
    const nowMs = this.#nowMs();
    for (const [publicKey, { expiresMs }] of this.#index) {
      if (expiresMs <= nowMs && this.#disk.remove(`${publicKey}${EXTENSION}`) === undefined) this.#forget(publicKey);
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T | JwtError> {
    const mine = this.#last.then((): Promise<T | JwtError> => {
      return this.#isClosed ? Promise.resolve(new JwtError("store is closed")) : work();
    });
    this.#last = mine.catch(() => undefined);
    return mine;
  }

  #done(start: (done: DiskDone) => void): Promise<DiskError | undefined> {
    return new Promise((resolve) => start(resolve));
  }

  #nowMs(): number {
    return this.#env.wallSec() * 1000 + this.#env.wallNanos() / 1e6;
  }
}

/** Only a public key names a file: whatever else a peer says leads nowhere. */
function fileOf(publicKey: string): string | undefined {
  return decodePublicKey(publicKey) === undefined ? undefined : `${publicKey}${EXTENSION}`;
}

function hashOf(bytes: Uint8Array): Buffer {
  return createHash("sha256").update(bytes).digest();
}
