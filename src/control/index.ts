export {
  listPauses,
  pauseQueue,
  pauseTask,
  resumeQueue,
  resumeTask,
  type ControlOptions,
  type Pause,
  type PauseKind,
  type PauseOptions,
} from "./pauses.js";
