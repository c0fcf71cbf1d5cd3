import { createRoute, z } from '@hono/zod-openapi';
import { answer, json, oneOf, problems } from '#platform/http/contract.ts';
import { ClientMeta } from '../clients/contract.ts';

const Step = oneOf(['authenticate', 'select_account', 'reauthenticate', 'consent']);

/** An authorization request that waits for a person. */
export const Interaction = z
  .object({
    id: z.string(),
    scopes: z.array(z.string()),
    scopeInfo: z.array(z.object({ key: z.string(), name: z.string(), description: z.string().optional() })),
    client: ClientMeta,
    currentStep: Step.optional(),
    requiredSteps: z.array(Step),
  })
  .openapi('OidcInteraction');
export type Interaction = z.infer<typeof Interaction>;

const params = z.object({ id: z.string() });

export const getInteraction = createRoute({
  method: 'get',
  path: '/api/oidc/interactions/{id}',
  tags: ['OIDC interactions'],
  summary: 'What an application asks for, to the browser that began it',
  request: { params },
  responses: { 200: answer(Interaction), ...problems('not_found') },
});

export const completeInteraction = createRoute({
  method: 'post',
  path: '/api/oidc/interactions/{id}/complete',
  tags: ['OIDC interactions'],
  summary: 'Take the next step',
  request: { params, body: json(z.object({ step: Step })) },
  responses: {
    200: answer(z.union([z.object({ interaction: Interaction }), z.object({ redirectUrl: z.string() })])),
    ...problems('not_signed_in', 'invalid_step', 'reauthentication_required', 'not_found', 'oidc_access_denied'),
  },
});
