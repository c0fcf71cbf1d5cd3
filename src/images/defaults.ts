import { readFileSync } from 'node:fs';
import { type CleanImage, TYPES } from './formats.ts';
import type { ApplicationImage } from './service.ts';

/** What is served until an administrator replaces it: our own mark, as an icon, a logo and, for mails, as PNG. */
export function defaultImages(): Partial<Record<ApplicationImage, CleanImage>> {
  const file = (name: string, type: string) => ({ type, bytes: readFileSync(new URL(name, import.meta.url)) });
  const mark = file('./mark.svg', TYPES.svg);
  return { logoLight: mark, logoDark: mark, favicon: mark, email: file('./mark.png', TYPES.png) };
}
