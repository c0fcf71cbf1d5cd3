import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Env } from '#platform/http/context.ts';
import type { Log } from '#platform/log.ts';

/** Which part of a policy stopped something, by a report of either generation; only names that a policy can have. */
function directiveOf(report: unknown): string | undefined {
  const { body, 'csp-report': old } = (report ?? {}) as { body?: Record<string, unknown>; 'csp-report'?: Record<string, unknown> };
  const name = body?.effectiveDirective ?? old?.['effective-directive'] ?? old?.['violated-directive'];
  return typeof name === 'string' && /^[a-z-]{1,30}$/.test(name) ? name : undefined;
}

/** Where browsers tell that a page's policy stopped something. Anybody can send such a report, so of it only the directive is logged. */
export function cspReportRoute(app: OpenAPIHono<Env>, log: Log) {
  app.post('/api/csp-reports', async (c) => {
    const sent: unknown = await c.req.json().catch(() => undefined);
    const directives = new Set((Array.isArray(sent) ? sent.slice(0, 20) : [sent]).map(directiveOf).filter((name) => name !== undefined));
    if (directives.size > 0)
      log.info('a page asked for what its policy stops', { request_id: c.var.requestId, directives: [...directives].join(' ') });
    return c.body(null, 204);
  });
}
