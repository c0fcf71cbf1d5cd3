import models from './models.json' with { type: 'json' };

const NAMES = new Map(Object.entries(models));

/** A name for a new passkey from its authenticator's AAGUID: "Bitwarden Passkey"; "New Passkey" when the model is not known or does not tell. */
export const nameOf = (aaguid: string): string => {
  const model = NAMES.get(aaguid.toLowerCase());
  return model ? `${model} Passkey` : 'New Passkey';
};
