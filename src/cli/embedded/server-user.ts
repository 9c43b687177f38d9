import { execFile } from "node:child_process";
import { chown } from "node:fs/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The user that the server runs as when this process is root's. The package chooses the name. */
const name = "postgres";

/** Gives a folder to the user that the server runs as: PostgreSQL refuses to run as root. */
export async function giveToServerUser(folder: string): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = await findUser().catch(makeUser);
  await chown(folder, uid, gid);
}

async function findUser(): Promise<{ readonly uid: number; readonly gid: number }> {
  const [uid, gid] = await Promise.all([run("id", ["-u", name]), run("id", ["-g", name])]);
  return { uid: Number(uid.stdout), gid: Number(gid.stdout) };
}

/** As the package would, but early enough for the folder to be that user's from the start. */
async function makeUser(): ReturnType<typeof findUser> {
  await run("groupadd", [name]);
  await run("useradd", ["-g", name, name]);
  return findUser();
}
