// A disk that keeps its promises and no more, from a seed.
//
// It holds two trees: what reads see, and what a power cut leaves. A change
// reaches the second one when it is synced; at `powerCut` each change that was
// not may have reached it or not, a write in sectors of 512 bytes, each for
// itself. So everything src/base/disk.ts does not promise goes wrong sooner or
// later, and the same way again with the same seed.

import { assert } from "../../src/base/assert.ts";
import type { DiskError, DiskFile } from "../../src/base/disk.ts";
import { DirectoryNode, diskError, FileNode, MemoryDisk, type DiskNode } from "../../src/store/memory_disk.ts";

const SECTOR = 512;

type FileChange =
  | { readonly kind: "write"; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: "truncate"; readonly size: number };
type NameChange =
  | { readonly kind: "name"; readonly name: string; readonly node: DiskNode }
  | { readonly kind: "unname"; readonly name: string }
  | { readonly kind: "rename"; readonly from: string; readonly to: string; readonly node: DiskNode };

interface DurableFile {
  readonly bytes: FileNode;
  changes: FileChange[];
}
interface DurableDirectory {
  readonly names: Map<string, DiskNode>;
  changes: NameChange[];
}
interface Flying {
  readonly node: FileNode;
  readonly at: number;
  /** As they were when the commit began: they must not change before it ends. */
  readonly bytes: Uint8Array;
  readonly borrowed: Uint8Array;
}

export interface FakeDiskOptions {
  readonly seed?: number;
  readonly capacity?: number;
}

export class FakeDisk extends MemoryDisk {
  readonly #waiting: (() => void)[];
  #files = new Map<FileNode, DurableFile>();
  #directories = new Map<DirectoryNode, DurableDirectory>();
  readonly #flying: Flying[] = [];
  #random: number;
  #calls = 0;
  #failing: { readonly at: number; readonly code: string } | undefined = undefined;
  #unreadable = 0;

  constructor(options: FakeDiskOptions = {}) {
    const waiting: (() => void)[] = [];
    super((fire) => waiting.push(fire), options.capacity);
    this.#waiting = waiting;
    this.#random = (options.seed ?? 1) | 0;
    this.#directories.set(this.root, { names: new Map(), changes: [] });
  }

  /** Commits and syncs that have not finished. */
  get pending(): number {
    return this.#waiting.length;
  }
  /** Calls so far: `failAt` counts on from here. */
  get calls(): number {
    return this.#calls;
  }

  /** Finishes what is pending, and what that starts. */
  complete(): void {
    for (let fire = this.#waiting.shift(); fire !== undefined; fire = this.#waiting.shift()) fire();
  }
  /** Finishes the oldest; false when nothing is pending. */
  completeOne(): boolean {
    const fire = this.#waiting.shift();
    fire?.();
    return fire !== undefined;
  }

  /** The `count`th call from now fails, once. */
  failAt(count: number, code = "EIO"): void {
    this.#failing = { at: this.#calls + count, code };
  }

  /** The next `count` reads fail; all else goes well. */
  failReads(count: number): void {
    this.#unreadable = count;
  }

  /** Forgets failures that have not come yet. */
  heal(): void {
    this.#failing = undefined;
    this.#unreadable = 0;
  }

  /** The process dies: what was not yet written is lost in part, open files with it. Files as the system had them stay. */
  kill(): void {
    for (const { node, at, bytes } of this.#flying.splice(0)) {
      const kept = this.#below(bytes.length + 1);
      if (kept > 0 && this.#below(2) === 0) {
        node.write(at, bytes.subarray(0, kept));
        this.wrote(node, at, bytes.subarray(0, kept));
      }
    }
    this.#forget();
  }

  /** Power is cut: of what was not durable any part stays. */
  powerCut(): void {
    for (const { node, at, bytes } of this.#flying.splice(0)) this.wrote(node, at, bytes);
    this.#forget();
    const files = this.#files;
    const directories = this.#directories;
    this.#files = new Map();
    this.#directories = new Map();
    const moved = new Map<DiskNode, DiskNode>();
    const survivor = (node: DiskNode): DiskNode => {
      const known = moved.get(node);
      if (known !== undefined) return known;
      if (node instanceof FileNode) {
        const file = this.#fileAfterCut(files.get(node)!);
        moved.set(node, file);
        return file;
      }
      const directory = new DirectoryNode();
      moved.set(node, directory);
      const { names, changes } = directories.get(node)!;
      for (const change of changes) if (this.#below(2) === 0) applyName(names, change);
      for (const [name, child] of names) directory.entries.set(name, survivor(child));
      this.#directories.set(directory, { names: new Map(directory.entries), changes: [] });
      return directory;
    };
    this.replace(survivor(this.root) as DirectoryNode);
  }

  /** Flips one bit of a file, for good. */
  flipBit(path: string, bit: number): void {
    const node = this.#find(path);
    assert(bit < node.size * 8, "the bit is in the file");
    for (const bytes of [node.view(), this.#files.get(node)!.bytes.view()]) {
      if (bit >>> 3 < bytes.length) bytes[bit >>> 3]! ^= 1 << (bit & 7);
    }
  }

  /** A file's bytes as reads see them, owned. */
  contents(path: string): Uint8Array {
    return Uint8Array.from(this.#find(path).view());
  }

  /** Integer in [0, below), from the seed, for whoever wants to be replayed too. */
  random(below: number): number {
    return this.#below(below);
  }

  override open(path: string, mode: "read" | "write" | "create"): DiskFile | DiskError {
    return (mode === "read" ? this.#unread() : undefined) ?? super.open(path, mode);
  }
  protected override before(call: string, _path: string): DiskError | undefined {
    this.#calls++;
    const unread = call === "read" || call === "size" ? this.#unread() : undefined;
    if (unread !== undefined) return unread;
    if (this.#failing?.at !== this.#calls) return undefined;
    const { code } = this.#failing;
    this.#failing = undefined;
    return diskError(code);
  }
  protected override started(node: FileNode, at: number, bytes: Uint8Array): void {
    this.#flying.push({ node, at, bytes: Uint8Array.from(bytes), borrowed: bytes });
  }
  protected override wrote(node: FileNode, at: number, bytes: Uint8Array): void {
    this.#land(node, at);
    this.#files.get(node)!.changes.push({ kind: "write", at, bytes: Uint8Array.from(bytes) });
  }
  /** What a failed commit or sync was about may be there or not, and the system has forgotten that it should be written. */
  protected override spoiled(node: FileNode, at: number, bytes: Uint8Array): void {
    const kept = bytes.subarray(0, this.#below(bytes.length + 1));
    if (kept.length > 0) node.write(at, kept);
    this.#land(node, at);
    const durable = this.#files.get(node)!;
    for (const change of durable.changes) this.#keepSome(durable.bytes, change);
    durable.changes = [];
    if (kept.length > 0) this.#keepSome(durable.bytes, { kind: "write", at, bytes: kept });
  }
  protected override truncated(node: FileNode, size: number): void {
    this.#files.get(node)!.changes.push({ kind: "truncate", size });
  }
  protected override synced(node: FileNode): void {
    const durable = this.#files.get(node)!;
    for (const change of durable.changes) applyFile(durable.bytes, change);
    durable.changes = [];
  }
  protected override named(parent: DirectoryNode, name: string, node: DiskNode): void {
    if (node instanceof FileNode) this.#files.set(node, { bytes: new FileNode(), changes: [] });
    else this.#directories.set(node, { names: new Map(), changes: [] });
    this.#directories.get(parent)!.changes.push({ kind: "name", name, node });
  }
  protected override unnamed(parent: DirectoryNode, name: string): void {
    this.#directories.get(parent)!.changes.push({ kind: "unname", name });
  }
  protected override renamed(parent: DirectoryNode, from: string, to: string, node: DiskNode): void {
    this.#directories.get(parent)!.changes.push({ kind: "rename", from, to, node });
  }
  protected override directorySynced(directory: DirectoryNode): void {
    const durable = this.#directories.get(directory)!;
    for (const change of durable.changes) applyName(durable.names, change);
    durable.changes = [];
  }

  #unread(): DiskError | undefined {
    if (this.#unreadable === 0) return undefined;
    this.#unreadable--;
    return diskError("EIO");
  }

  #land(node: FileNode, at: number): void {
    const index = this.#flying.findIndex((each) => each.node === node && each.at === at);
    if (index < 0) return;
    const [{ bytes, borrowed }] = this.#flying.splice(index, 1) as [Flying];
    assert(Buffer.compare(bytes, borrowed) === 0, "committed bytes do not change before the commit is done");
  }

  #forget(): void {
    this.#waiting.length = 0;
  }

  #fileAfterCut(durable: DurableFile): FileNode {
    for (const change of durable.changes) this.#keepSome(durable.bytes, change);
    const file = new FileNode();
    file.write(0, durable.bytes.view());
    this.#files.set(file, { bytes: durable.bytes, changes: [] });
    return file;
  }

  /** Half of all changes make it; of a write perhaps only some sectors, or only the length. */
  #keepSome(file: FileNode, change: FileChange): void {
    const fate = this.#below(4);
    if (fate === 0) return;
    if (fate === 1 || change.kind === "truncate") {
      applyFile(file, change);
      return;
    }
    const { at, bytes } = change;
    if (this.#below(2) === 0 && at + bytes.length > file.size) file.resize(at + bytes.length);
    for (let from = 0; from < bytes.length;) {
      const to = Math.min(bytes.length, from + SECTOR - ((at + from) % SECTOR));
      if (this.#below(2) === 0) file.write(at + from, bytes.subarray(from, to));
      from = to;
    }
  }

  #find(path: string): FileNode {
    let at: DiskNode | undefined = this.root;
    for (const name of path.split("/")) at = at instanceof DirectoryNode ? at.entries.get(name) : undefined;
    assert(at instanceof FileNode, `${path} is a file`);
    return at;
  }

  /** mulberry32 */
  #below(below: number): number {
    this.#random = (this.#random + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#random ^ (this.#random >>> 15), 1 | this.#random);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  }
}

function applyFile(file: FileNode, change: FileChange): void {
  if (change.kind === "write") file.write(change.at, change.bytes);
  else file.resize(change.size);
}

function applyName(names: Map<string, DiskNode>, change: NameChange): void {
  if (change.kind === "name") names.set(change.name, change.node);
  else if (change.kind === "unname") names.delete(change.name);
  else {
    if (names.get(change.from) === change.node) names.delete(change.from);
    names.set(change.to, change.node);
  }
}
