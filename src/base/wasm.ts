// Opens the kernels of base/kernel. Every function throws where WebAssembly, or its SIMD, cannot be had.

/** What of WebAssembly is used; Node's types have it as a name space only. */
declare const WebAssembly: {
  Memory: new (limits: { initial: number; maximum: number }) => WasmMemory;
  Module: new (binary: Uint8Array) => object;
  Instance: new (module: object, imports: object) => { readonly exports: WasmExports };
};

export interface WasmMemory {
  readonly buffer: ArrayBuffer;
}
export type WasmExports = Readonly<Record<string, unknown>>;

/** Memory of so many pages of 64 KB, which never grows. */
export function openMemory(pages: number): WasmMemory {
  return new WebAssembly.Memory({ initial: pages, maximum: pages });
}

/** What a kernel, in base64, exports; `imports` beside the memory that it works on. */
export function openKernel(kernel: string, memory: WasmMemory, imports: object = {}): WasmExports {
  const module = new WebAssembly.Module(Buffer.from(kernel, "base64"));
  return new WebAssembly.Instance(module, { arena: { memory }, ...imports }).exports;
}
