/**
 * @file Nothing is told to anybody: ONNX Runtime's builds for Linux and macOS (1.30) report sessions to Microsoft, and keep what
 * they could not send yet under the user's cache folder, unless this variable is set before their library is loaded. To be
 * imported before it, and in a main thread whose workers load it: their `process.env` is a copy the library does not see.
 *
 * Source: ONNX Runtime, `core/platform/posix/telemetry.cc`.
 */
process.env.ORT_DISABLE_TELEMETRY = '1';
