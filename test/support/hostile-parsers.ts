import { setHostileParsers } from "./plain-types.js";

setHostileParsers();
