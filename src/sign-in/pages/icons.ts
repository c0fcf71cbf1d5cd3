import { raw } from 'hono/html';

const drawn = (inner: string) =>
  raw(
    `<svg viewBox="0 0 24 24" width="22" height="22" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">${inner}</svg>`,
  );

/** Our drawings, 24 × 24, in the colour of the text around them; never the only carrier of a meaning. */
export const ICONS = {
  key: drawn('<circle cx="8" cy="8" r="4.5"/><path d="m11.3 11.3 8.2 8.2M16 16l2.5-2.5M18.2 18.2l1.8-1.8"/>'),
  lock: drawn('<rect x="5" y="11" width="14" height="9" rx="2"/><path d="M8 11V8a4 4 0 0 1 8 0v3"/>'),
  profile: drawn('<circle cx="12" cy="8" r="4"/><path d="M4.5 20c1-4 4-5.5 7.5-5.5s6.5 1.5 7.5 5.5"/>'),
  email: drawn('<rect x="3.5" y="5.5" width="17" height="13" rx="2"/><path d="m4 7 8 6 8-6"/>'),
  groups: drawn(
    '<circle cx="9" cy="9" r="3.5"/><path d="M2.5 19c.8-3.2 3.2-4.5 6.5-4.5s5.7 1.3 6.5 4.5M16 6a3.5 3.5 0 0 1 0 6M18 14.7c2 .6 3.1 2 3.5 4.3"/>',
  ),
  clock: drawn('<circle cx="12" cy="12" r="8.5"/><path d="M12 7v5l3.5 2"/>'),
  tag: drawn('<path d="M4 11V5a1 1 0 0 1 1-1h6l9 9-7 7z"/><path d="M8.5 8.5v0"/>'),
  screen: drawn('<rect x="3" y="5" width="18" height="11.5" rx="2"/><path d="M8.5 20h7M12 16.5V20"/>'),
  place: drawn('<path d="M12 21c4.5-4.8 6.5-8 6.5-11a6.5 6.5 0 0 0-13 0c0 3 2 6.2 6.5 11z"/><circle cx="12" cy="10" r="2.3"/>'),
} as const;
