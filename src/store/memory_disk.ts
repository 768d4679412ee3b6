// A disk without a disk: files in memory, for a server embedded without a store
// directory. Everything on it is as durable as the process.
//
// Owns the tree of directories and the bytes of files. Subclasses (the disk that
// breaks, in tests) are told of each change and may refuse it.

import { assert } from "../base/assert.ts";
import {
  DiskError,
  nameOf,
  openFile,
  ownFile,
  parentOf,
  type Disk,
  type DiskDone,
  type DiskFile,
} from "../base/disk.ts";

const LEAST_BYTES = 256;

/** A file's bytes, whatever its names. */
export class FileNode {
  #bytes = new Uint8Array(0);
  #size = 0;

  get size(): number {
    return this.#size;
  }
  /** All bytes; a view that the next change may move. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#size);
  }
  read(at: number, into: Uint8Array, from: number, to: number): number {
    const count = Math.max(0, Math.min(to - from, this.#size - at));
    into.set(this.#bytes.subarray(at, at + count), from);
    return count;
  }
  write(at: number, bytes: Uint8Array): void {
    if (at + bytes.length > this.#size) this.resize(at + bytes.length);
    this.#bytes.set(bytes, at);
  }
  /** New bytes are zeros. */
  resize(size: number): void {
    if (size < this.#size) this.#bytes.fill(0, size, this.#size);
    if (size > this.#bytes.length || size * 4 < this.#bytes.length) {
      const moved = new Uint8Array(Math.max(LEAST_BYTES, size > this.#bytes.length ? this.#bytes.length * 2 : 0, size));
      moved.set(this.#bytes.subarray(0, Math.min(size, this.#size)));
      this.#bytes = moved;
    }
    this.#size = size;
  }
}

export class DirectoryNode {
  readonly entries = new Map<string, FileNode | DirectoryNode>();
}
export type DiskNode = FileNode | DirectoryNode;

class OpenFile implements DiskFile {
  readonly path: string;
  readonly node: FileNode;
  readonly writable: boolean;
  isClosed = false;

  constructor(path: string, node: FileNode, writable: boolean) {
    this.path = path;
    this.node = node;
    this.writable = writable;
  }
}

export class MemoryDisk implements Disk {
  #root = new DirectoryNode();
  readonly #later: (fire: () => void) => void;
  readonly #capacity: number;
  #used = 0;

  /** `later` runs `fire` later in this turn, in the order given; `capacity` is in bytes. */
  constructor(later: (fire: () => void) => void, capacity = Number.POSITIVE_INFINITY) {
    this.#later = later;
    this.#capacity = capacity;
  }

  open(path: string, mode: "read" | "write" | "create"): DiskFile | DiskError {
    const failed = this.before("open", path);
    if (failed !== undefined) return failed;
    const parent = this.#directory(parentOf(path));
    if (parent instanceof DiskError) return parent;
    const found = parent.entries.get(nameOf(path));
    if (mode === "create") {
      if (found !== undefined) return diskError("EEXIST");
      const node = new FileNode();
      parent.entries.set(nameOf(path), node);
      this.named(parent, nameOf(path), node);
      return new OpenFile(path, node, true);
    }
    if (found === undefined) return diskError("ENOENT");
    return found instanceof FileNode ? new OpenFile(path, found, mode === "write") : diskError("EISDIR");
  }

  close(file: DiskFile): void {
    ownFile(file, OpenFile).isClosed = true;
  }

  size(file: DiskFile): number | DiskError {
    return this.before("size", file.path) ?? use(file).node.size;
  }

  read(file: DiskFile, at: number, into: Uint8Array, from: number, to: number): number | DiskError {
    return this.before("read", file.path) ?? use(file).node.read(at, into, from, to);
  }

  commit(
    file: DiskFile,
    at: number,
    bytes: Uint8Array,
    from: number,
    to: number,
    how: "synced" | "written",
    done: DiskDone,
  ): void {
    const { node, writable } = use(file);
    assert(writable, "only what was opened to be written is written");
    this.started(node, at, bytes.subarray(from, to), how);
    this.#later(() => {
      const piece = bytes.subarray(from, to);
      const failed = this.before("commit", file.path) ?? this.#take(at + piece.length - node.size);
      if (failed !== undefined) {
        const before = node.size;
        this.spoiled(node, at, piece);
        this.#used += node.size - before;
        done(failed);
        return;
      }
      node.write(at, piece);
      this.wrote(node, at, piece);
      if (how === "synced") this.synced(node);
      done(undefined);
    });
  }

  sync(file: DiskFile, done: DiskDone): void {
    const { node } = use(file);
    this.#later(() => {
      const failed = this.before("sync", file.path);
      if (failed === undefined) this.synced(node);
      else this.spoiled(node, 0, new Uint8Array(0));
      done(failed);
    });
  }

  truncate(file: DiskFile, size: number): DiskError | undefined {
    const { node } = use(file);
    const failed = this.before("truncate", file.path) ?? this.#take(size - node.size);
    if (failed !== undefined) return failed;
    if (size < node.size) this.#used -= node.size - size;
    node.resize(size);
    this.truncated(node, size);
    return undefined;
  }

  list(path: string): string[] | DiskError {
    const failed = this.before("list", path);
    if (failed !== undefined) return failed;
    const directory = this.#directory(path);
    if (directory instanceof DiskError) return directory;
    return [...directory.entries].map(([name, node]) => (node instanceof DirectoryNode ? `${name}/` : name));
  }

  makeDirectory(path: string): DiskError | undefined {
    const failed = this.before("makeDirectory", path);
    if (failed !== undefined) return failed;
    const parent = this.#directory(parentOf(path));
    if (parent instanceof DiskError) return parent;
    if (parent.entries.has(nameOf(path))) return diskError("EEXIST");
    const node = new DirectoryNode();
    parent.entries.set(nameOf(path), node);
    this.named(parent, nameOf(path), node);
    return undefined;
  }

  remove(path: string): DiskError | undefined {
    const failed = this.before("remove", path);
    if (failed !== undefined) return failed;
    const parent = this.#directory(parentOf(path));
    if (parent instanceof DiskError) return parent;
    const node = parent.entries.get(nameOf(path));
    if (node === undefined) return diskError("ENOENT");
    if (node instanceof DirectoryNode && node.entries.size > 0) return diskError("ENOTEMPTY");
    if (node instanceof FileNode) this.#used -= node.size;
    parent.entries.delete(nameOf(path));
    this.unnamed(parent, nameOf(path));
    return undefined;
  }

  rename(path: string, to: string): DiskError | undefined {
    assert(parentOf(path) === parentOf(to), "a rename stays in its directory");
    const failed = this.before("rename", path);
    if (failed !== undefined) return failed;
    const parent = this.#directory(parentOf(path));
    if (parent instanceof DiskError) return parent;
    const node = parent.entries.get(nameOf(path));
    if (node === undefined) return diskError("ENOENT");
    const replaced = parent.entries.get(nameOf(to));
    if (replaced === node) return undefined;
    if (replaced instanceof DirectoryNode && replaced.entries.size > 0) return diskError("ENOTEMPTY");
    if (replaced !== undefined && replaced instanceof FileNode !== node instanceof FileNode) return diskError("EISDIR");
    if (replaced instanceof FileNode) this.#used -= replaced.size;
    parent.entries.delete(nameOf(path));
    parent.entries.set(nameOf(to), node);
    this.renamed(parent, nameOf(path), nameOf(to), node);
    return undefined;
  }

  syncDirectory(path: string, done: DiskDone): void {
    this.#later(() => {
      const directory = this.before("syncDirectory", path) ?? this.#directory(path);
      if (directory instanceof DiskError) {
        done(directory);
        return;
      }
      this.directorySynced(directory);
      done(undefined);
    });
  }

  freeBytes(path: string): number | DiskError {
    return this.before("freeBytes", path) ?? Math.max(0, this.#capacity - this.#used);
  }

  // For subclasses: what is about to happen, and what has.

  protected get root(): DirectoryNode {
    return this.#root;
  }
  /** Puts another tree in place of this one. */
  protected replace(root: DirectoryNode): void {
    this.#root = root;
    this.#used = bytesBelow(root);
  }
  /** Why the call should fail. */
  protected before(_call: string, _path: string): DiskError | undefined {
    return undefined;
  }
  /** A commit began; it ends in `wrote` (and `synced`) or `spoiled`. */
  protected started(_node: FileNode, _at: number, _bytes: Uint8Array, _how: "synced" | "written"): void {}
  protected wrote(_node: FileNode, _at: number, _bytes: Uint8Array): void {}
  /** A commit or sync failed. */
  protected spoiled(_node: FileNode, _at: number, _bytes: Uint8Array): void {}
  protected truncated(_node: FileNode, _size: number): void {}
  protected synced(_node: FileNode): void {}
  protected named(_parent: DirectoryNode, _name: string, _node: DiskNode): void {}
  protected unnamed(_parent: DirectoryNode, _name: string): void {}
  protected renamed(_parent: DirectoryNode, _from: string, _to: string, _node: DiskNode): void {}
  protected directorySynced(_directory: DirectoryNode): void {}

  /** Takes room for `more` bytes. */
  #take(more: number): DiskError | undefined {
    if (more <= 0) return undefined;
    if (this.#used + more > this.#capacity) return diskError("ENOSPC");
    this.#used += more;
    return undefined;
  }

  #directory(path: string): DirectoryNode | DiskError {
    let at: DirectoryNode = this.#root;
    for (const name of path.split("/")) {
      if (name === "") continue;
      const next = at.entries.get(name);
      if (next === undefined) return diskError("ENOENT");
      if (!(next instanceof DirectoryNode)) return diskError("ENOTDIR");
      at = next;
    }
    return at;
  }
}

const texts: Readonly<Record<string, string>> = {
  ENOENT: "no such file or directory",
  EEXIST: "file exists",
  ENOSPC: "no space left on device",
  EDQUOT: "disk quota exceeded",
  EIO: "input/output error",
  EISDIR: "is a directory",
  ENOTDIR: "not a directory",
  ENOTEMPTY: "directory not empty",
};

/** A failure with the system's usual sentence. */
export function diskError(code: string): DiskError {
  return new DiskError(code, texts[code] ?? code);
}

function use(file: DiskFile): OpenFile {
  return openFile(file, OpenFile);
}
function bytesBelow(directory: DirectoryNode): number {
  let bytes = 0;
  for (const node of directory.entries.values()) bytes += node instanceof FileNode ? node.size : bytesBelow(node);
  return bytes;
}
