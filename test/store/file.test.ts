import { madeDisk, opened, type Opening } from "./file_support.ts";
import { storeContract, type OpenStore } from "./contract.ts";

const opener =
  (opening: Omit<Opening, "disk">): OpenStore =>
  (limits, events) => {
    const under = opened(limits, events, { disk: madeDisk(), ...opening });
    return { ...under, isWriting: () => under.store.isWriting };
  };

storeContract("the file store", opener({}));
storeContract("the file store, in blocks of a few messages,", opener({ blockBytes: 120, cacheBytes: 0 }));
storeContract("the file store, without waiting for the disk,", opener({ how: "written", blockBytes: 400 }));
