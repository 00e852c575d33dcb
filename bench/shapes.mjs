/** @file The shapes of the Flan-T5 family, as their `config.json` have them: for benchmarks with random weights. */
const flan = (d_model, d_ff, num_layers, num_heads) => ({
  model_type: 't5',
  d_model,
  d_kv: 64,
  d_ff,
  num_layers,
  num_decoder_layers: num_layers,
  num_heads,
  vocab_size: 32128,
  feed_forward_proj: 'gated-gelu',
  tie_word_embeddings: false,
  dropout_rate: 0.1,
  decoder_start_token_id: 0,
});

export const shapes = {
  small: flan(512, 1024, 8, 6),
  base: flan(768, 2048, 12, 12),
  large: flan(1024, 2816, 24, 16),
  xl: flan(2048, 5120, 24, 32),
};
