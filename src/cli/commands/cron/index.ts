import { commandGroup } from "../command.js";
import { listCommand } from "./list.js";
import { nextCommand } from "./next.js";

export const cronCommand = commandGroup(
  {
    name: "cron",
    description: "Look at recurring jobs.",
    examples: `
      taskwright cron list
      taskwright cron next --count 20`,
  },
  [listCommand, nextCommand],
);
