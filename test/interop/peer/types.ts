// Checked by the compiler only: the schemas type graphile-worker's own functions.
import { makeWorkerUtils, type Task } from "graphile-worker";
import { createTaskList } from "./generated/graphile-worker.js";

export async function typed(connectionString: string): Promise<void> {
  const utils = await makeWorkerUtils({ connectionString });
  await utils.addJob("send_email", { to: "ada@example.com", subject: "Hello", body: "…" });
  // @ts-expect-error A field is missing.
  await utils.addJob("send_email", { to: "ada@example.com", subject: "Hello" });
  // @ts-expect-error A field has the wrong type.
  await utils.addJob("send_email", { to: 1, subject: "Hello", body: "…" });
  // The producer may leave out what has a default.
  await utils.addJob("process_user", { userId: "u1", action: { kind: "signup", source: "web" } });
}

export const plainTask: Task<"send_email"> = (payload, helpers) => {
  helpers.logger.info(payload.subject);
  // @ts-expect-error There is no such field.
  helpers.logger.info(payload.cc);
};

// @ts-expect-error Three tasks have no handler.
createTaskList({ send_email: () => {} });
