import { defineConfig } from "vitest/config";
import base from "../vitest.config.js";

/** Tests that need pgbouncer, which the others must not. */
export default defineConfig({ ...base, test: { ...base.test, include: ["test/**/*.pooler.ts"] } });
