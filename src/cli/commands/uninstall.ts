import { getStats } from "../../manage/index.js";
import { inspectSchema, isUsable, uninstall } from "../../migrate/index.js";
import { confirm, type ConfirmFlags } from "../confirm.js";
import { exitCodes } from "../failure.js";
import { count, printResult } from "../output.js";
import type { DatabaseFlags, Session } from "../session.js";
import { databaseCommand } from "./command.js";
import { addLockOptions, lockOptions, type LockFlags } from "./lock-flags.js";
import { addTrustOption, trustOptions, type TrustFlags } from "./trust-flags.js";

type Flags = DatabaseFlags & ConfirmFlags & LockFlags & TrustFlags;

export const uninstallCommand = databaseCommand<Flags>({
  name: "uninstall",
  description: "Drop the schema with all its jobs, those of graphile-worker included.",
  examples: `
    taskwright uninstall
    taskwright uninstall --schema jobs --yes`,
  configure: (command) => addTrustOption(addLockOptions(command.option("--yes", "don't ask"))),
  run: async (session, flags) => {
    const { db, schema, terminal } = session;
    if (!(await confirm(terminal, flags, await describeLoss(session, flags))))
      return exitCodes.failure;
    const result = await uninstall({
      pool: db,
      schema,
      ...trustOptions(flags),
      ...lockOptions(flags),
    });
    printResult(terminal, flags, result, () => {
      terminal.out(
        result.uninstalled ? `dropped schema ${schema}` : `there is no queue in schema ${schema}`,
      );
    });
    return exitCodes.ok;
  },
});

async function describeLoss({ db, schema }: Session, flags: TrustFlags): Promise<string> {
  const what = `This drops schema ${schema} with all that is in it`;
  if (!isUsable(await inspectSchema({ pool: db, schema, ...trustOptions(flags) })))
    return `${what}.`;
  const { total, states } = await getStats(db, { schema });
  const running = states.running > 0 ? `, ${states.running} of them running` : "";
  return `${what}: ${count(total, "job")}${running}.`;
}
