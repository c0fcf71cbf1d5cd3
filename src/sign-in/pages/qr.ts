import { html } from 'hono/html';
import { encode } from 'uqr';
import type { Html } from './messages.ts';

/** A QR code as inline SVG, dark on light in every colour scheme: many readers can't read the inverse. `label` is what it is for who can't see it. */
export function qrCode(text: string, label: string): Html {
  const { data, size } = encode(text, { ecc: 'M', border: 4 });
  const path = data.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : ''))).join('');
  return html`<svg class="qr" viewBox="0 0 ${size} ${size}" role="img" aria-label="${label}" shape-rendering="crispEdges"><path d="${path}"/></svg>`;
}
