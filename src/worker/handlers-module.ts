import type { HandlerSet } from "../tasks/handlers.js";

/** What a module with handlers exports, by name or as its default, before it is checked. */
export interface ModuleExports {
  readonly handlers?: unknown;
  /** What handlers get as `ctx.app`, or a function that makes it. */
  readonly app?: unknown;
  /** More of the worker's options. */
  readonly options?: unknown;
}

/** The exports of a module; a default export may be the handlers, or an object with all of it. */
export function readExports(module: Readonly<Record<string, unknown>>): ModuleExports {
  const { default: fallback } = module;
  const exported = isHandlerSet(fallback) ? { handlers: fallback } : asObject(fallback);
  return { ...exported, ...module };
}

/** What a module exports that loads another one, such as that of `taskwright run`. */
export interface LoadingModule {
  readonly loadForThread: (url: string) => Promise<ModuleExports>;
}

export function isLoadingModule(module: object): module is LoadingModule {
  return "loadForThread" in module && typeof module.loadForThread === "function";
}

export function isHandlerSet(value: unknown): value is HandlerSet<unknown> {
  return (
    typeof value === "object" && value !== null && "tasks" in value && value.tasks instanceof Map
  );
}

function asObject(value: unknown): object {
  return typeof value === "object" && value !== null ? value : {};
}

/** Makes the app if the module exports a function that does. */
export async function makeApp(app: unknown): Promise<unknown> {
  return typeof app === "function" ? await (app as () => unknown)() : app;
}

/** Disposes of an app, if it can be. */
export async function disposeApp(app: unknown): Promise<void> {
  if (typeof app !== "object" || app === null) return;
  if (Symbol.asyncDispose in app) await (app as AsyncDisposable)[Symbol.asyncDispose]();
  else if (Symbol.dispose in app) (app as Disposable)[Symbol.dispose]();
}
