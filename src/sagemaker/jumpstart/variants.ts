/**
 * @file What a JumpStart document says of single instance types: images, environment, hyperparameters, artefacts.
 * An exact type (`ml.g5.48xlarge`) wins over its family (`g5`); a value `$alias` is looked up for the region.
 *
 * Source: sagemaker-python-sdk 2.257, `JumpStartInstanceTypeVariants` in `jumpstart/types.py`.
 */
import { z } from 'zod';

const variant = z.looseObject({
  regional_properties: z.record(z.string(), z.unknown()).nullish(),
  properties: z.record(z.string(), z.unknown()).nullish(),
});

/** The schema of `hosting_instance_type_variants` and `training_instance_type_variants`. */
export const variantsSchema = z.looseObject({
  /** Bucket specification: region → alias → value. */
  regional_aliases: z.record(z.string(), z.record(z.string(), z.string())).nullish(),
  /** Hub document: alias → value, already of this region. */
  aliases: z.record(z.string(), z.string()).nullish(),
  variants: z.record(z.string(), variant).nullish(),
});

/** What a document says of single instance types. */
export type Variants = z.infer<typeof variantsSchema>;

/** `ml.g5.48xlarge` → `g5`; empty for what is no instance type. */
export const instanceFamily = (instanceType: string): string =>
  /^ml[._]([a-z\d-]+)\.?\w*$/.exec(instanceType)?.[1] ?? '';

const entriesFor = (variants: Variants | undefined, instanceType: string) => {
  const all = variants?.variants ?? {};
  return [all[instanceType], all[instanceFamily(instanceType)]].filter((entry) => entry !== undefined);
};

/**
 * A property of an instance type, its own or else its family's.
 *
 * @param variants The document's variants, if it has any.
 * @param instanceType E.g. `ml.g5.48xlarge`.
 * @param names The property's names, first wins (the two spellings of a document differ).
 */
export const variantProperty = (
  variants: Variants | undefined,
  instanceType: string,
  ...names: readonly string[]
): string | undefined => {
  for (const name of names) {
    for (const entry of entriesFor(variants, instanceType)) {
      const value = entry.properties?.[name];
      if (typeof value === 'string' && value !== '') return value;
    }
  }
  return undefined;
};

/** A map property merged over its family's, e.g. `environment_variables`. */
export const variantMap = (
  variants: Variants | undefined,
  instanceType: string,
  name: string,
): Record<string, string> => {
  const merged: Record<string, string> = {};
  for (const entry of entriesFor(variants, instanceType).reverse()) {
    const value = entry.properties?.[name];
    if (typeof value !== 'object' || value === null) continue;
    for (const [key, item] of Object.entries(value)) merged[key] = String(item);
  }
  return merged;
};

/** A list property, the exact type's entries first, then those of its family whose name is not among them. */
export const variantList = (variants: Variants | undefined, instanceType: string, name: string): unknown[] => {
  const nameOf = (item: unknown): unknown => {
    const record = item as { name?: unknown; Name?: unknown };
    return record.name ?? record.Name;
  };
  const merged: unknown[] = [];
  for (const entry of entriesFor(variants, instanceType)) {
    const items = entry.properties?.[name];
    if (!Array.isArray(items)) continue;
    const seen = new Set(merged.map(nameOf));
    merged.push(...items.filter((item) => !seen.has(nameOf(item))));
  }
  return merged;
};

/**
 * A value that differs by region, such as the image.
 *
 * @returns The value; or `undefined` when the document has none for this type, or none in this region.
 */
export const regionalProperty = (
  variants: Variants | undefined,
  instanceType: string,
  region: string,
  name: string,
): string | undefined => {
  for (const entry of entriesFor(variants, instanceType)) {
    const value = entry.regional_properties?.[name] ?? entry.properties?.[name];
    if (typeof value !== 'string' || value === '') continue;
    if (!value.startsWith('$')) return value;
    const alias = value.slice(1);
    return variants?.regional_aliases?.[region]?.[alias] ?? variants?.aliases?.[alias];
  }
  return undefined;
};

/** The regions a document names images for; empty when it is already of one region. */
export const namedRegions = (variants: Variants | undefined): string[] =>
  Object.keys(variants?.regional_aliases ?? {}).sort();

/**
 * Whether a disk can be attached to an instance type, and encrypted with a key of the user's. Types with disks of
 * their own (a `d` in the family, g5, g6, p5, trn1) can't.
 *
 * Source: `volume_size_supported` of sagemaker-python-sdk 2.257.
 */
export const takesVolume = (instanceType: string): boolean => {
  const family = instanceFamily(instanceType);
  return !family.includes('d') && !/^(?:g5|g6|p5|trn1)/.test(family);
};
