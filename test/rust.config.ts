import { defineConfig } from "vitest/config";
import base from "../vitest.config.js";

/** Tests beside the real Rust crate, which need cargo and some minutes for the first build. */
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ["test/**/*.rust.ts"],
    globalSetup: ["test/support/global-setup.ts", "test/support/rust-program.ts"],
  },
});
