// Lets a thread import TypeScript: in Node 20, tsx does so in the main thread only.
import { register } from "tsx/esm/api";

register();
