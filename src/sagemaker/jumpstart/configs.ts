/**
 * @file Newer documents hold several ready set-ups of one model ("configs", each made of "components") ranked by
 * AWS. Where the document's own top level names no image, the first of the ranking stands in for it.
 *
 * Source: sagemaker-python-sdk 2.257, `JumpStartMetadataConfigs.get_top_config_from_ranking` in `jumpstart/types.py`.
 */

type Fields = Readonly<Record<string, unknown>>;

const object = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};

const topConfig = (fields: Fields, scope: 'inference' | 'training'): string | undefined => {
  const configs = Object.keys(object(fields[`${scope}_configs`]));
  const ranking = object(object(fields[`${scope}_config_rankings`]).overall).rankings;
  const ranked = Array.isArray(ranking) ? ranking : configs.sort();
  return ranked.find((name): name is string => typeof name === 'string' && configs.includes(name));
};

const overlaid = (fields: Fields, scope: 'inference' | 'training'): Fields => {
  const prefix = scope === 'inference' ? 'hosting' : 'training';
  if (fields[`${prefix}_instance_type_variants`] ?? fields[`${prefix}_ecr_uri`]) return fields;
  const name = topConfig(fields, scope);
  if (name === undefined) return fields;
  const config = object(object(fields[`${scope}_configs`])[name]);
  const components = object(fields[`${scope}_config_components`]);
  const names = Array.isArray(config.component_names) ? config.component_names : [];
  return Object.assign({}, fields, ...names.map((component) => object(components[String(component)])));
};

/**
 * A document's fields, with its best-ranked set-up in the place of a top level that lacks one.
 *
 * @param fields Under snake_case names.
 */
export const withTopConfig = (fields: Fields): Fields => overlaid(overlaid(fields, 'inference'), 'training');
