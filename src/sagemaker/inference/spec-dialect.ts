/** @file Which dialect the endpoints of a JumpStart model speak, from all its document says. */
import type { ModelSpec } from '../jumpstart/spec.js';
import { type Dialect, dialectOf } from './dialect.js';

/**
 * The dialect of a model's endpoints.
 *
 * @param image The image that will serve it, where it is known already.
 * @returns `undefined` when the document does not tell.
 */
export const specDialect = ({ hosting }: ModelSpec, image?: string): Dialect | undefined => {
  const { ecrSpecs, variants } = hosting;
  const images = [
    image ?? hosting.image,
    ...Object.values(variants?.aliases ?? {}),
    ...Object.values(variants?.regional_aliases ?? {}).flatMap((aliases) => Object.values(aliases)),
    ecrSpecs?.framework === 'huggingface-llm' ? 'huggingface-pytorch-tgi-inference' : undefined,
    ecrSpecs?.framework === 'huggingface' ? 'huggingface-pytorch-inference' : undefined,
  ];
  const named = dialectOf({ promptKey: hosting.promptKey, image: images.find((candidate) => candidate !== undefined) });
  return named ?? dialectOf({ contentType: hosting.contentType });
};
