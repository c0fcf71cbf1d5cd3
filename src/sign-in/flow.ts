/** The way in as a state machine; see `view.ts` for what its callers get. */
export type {
  Completion,
  ErrorPage,
  Flow,
  GoneView,
  RefusedView,
  Sent,
  Step,
  StepView,
  View,
  ViewClient,
  ViewPerson,
  ViewScope,
} from './view.ts';
export { STEPS, shortId } from './view.ts';
