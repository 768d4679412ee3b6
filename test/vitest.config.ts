import { defineConfig } from "vitest/config";

// Two projects: `unit` is every pure room (part of `make check`), `socket` starts servers over real sockets. What takes
// seconds without them is there too: `make check` stays under a minute.
const socketTests = [
  "test/sim/**/*.test.ts",
  "test/jetstream/consumer_changes.test.ts",
  "test/jetstream/damaged_meta.test.ts",
  "test/jetstream/consumers.prop.test.ts",
  "test/jetstream/long_answers.test.ts",
  "test/jetstream/stream/last_search.test.ts",
  "test/jetstream/consumer/ack_state.test.ts",
  "test/jetstream/consumer/runs.prop.test.ts",
  "test/jetstream/consumer/scale.test.ts",
  "test/jetstream/many_consumers.test.ts",
  "test/jetstream/many_subjects.test.ts",
  "test/jetstream/million_subjects.test.ts",
  "test/store/catalog.test.ts",
  "test/store/file/block_repair.test.ts",
  "test/store/file/block_rewrite.test.ts",
  "test/store/file/block_skim.test.ts",
  "test/store/file_pages.test.ts",
  "test/store/file_recovery.test.ts",
  "test/store/jepsen.test.ts",
  "test/account/router_bounds.test.ts",
  "test/account/sharing.prop.test.ts",
  "test/auth/operator/hostile_tokens.test.ts",
  "test/auth/permissions.prop.test.ts",
  "test/auth/jwt/subject_tree.test.ts",
  "test/proto/long_lines.test.ts",
  "test/server/**/*.test.ts",
  "test/io/**/*.test.ts",
  "test/command/**/*.test.ts",
  "test/embed/**/*.test.ts",
];

export default defineConfig({
  root: new URL("..", import.meta.url).pathname,
  test: {
    pool: "forks",
    maxWorkers: 2,
    projects: [
      // Pure rooms keep nothing between files: loading them once for all saves a third of the time.
      { extends: true, test: { name: "unit", include: ["test/**/*.test.ts"], exclude: socketTests, isolate: false } },
      { extends: true, test: { name: "socket", include: socketTests, testTimeout: 20_000, hookTimeout: 20_000 } },
    ],
  },
});
