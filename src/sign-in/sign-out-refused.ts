import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import type { Ctx } from '#platform/http/context.ts';

/** Lives from the redirect to the page it leads to: the address of that page has to stay `/logout`, as existing clients expect it. */
const COOKIE = { name: 'logout_refused', path: '/logout' };

/** Lets the page at `/logout` say that an application's wish to be gone back to was refused. */
export const tellSignOutRefused = (c: Ctx): void =>
  setCookie(c, COOKIE.name, '1', { path: COOKIE.path, maxAge: 60, httpOnly: true, sameSite: 'Lax' });

/** Whether that was told; true once. */
export function wasSignOutRefused(c: Ctx): boolean {
  const told = getCookie(c, COOKIE.name) !== undefined;
  if (told) forgetSignOutRefused(c);
  return told;
}

/** A sign-out that went well makes an earlier refusal old news. Its browser need not have sent the cookie along. */
export const forgetSignOutRefused = (c: Ctx): void => void deleteCookie(c, COOKIE.name, { path: COOKIE.path });
