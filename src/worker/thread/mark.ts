/** Set in threads of isolated tasks; registered, so that every copy of the package knows it. */
const mark = Symbol.for("taskwright.thread");

/** Says of this thread that it runs handlers of isolated tasks. */
export function markThread(): void {
  Object.defineProperty(globalThis, mark, { value: true });
}

/** Whether this is a thread of isolated tasks, in which no worker must start. */
export function isMarkedThread(): boolean {
  return mark in globalThis;
}
