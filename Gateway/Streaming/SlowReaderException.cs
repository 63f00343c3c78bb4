using System.Globalization;

namespace XLLM.Gateway.Streaming;

/// <summary>A stream's reader did not read, so its connection was cut.</summary>
internal sealed class SlowReaderException(TimeSpan waited)
    : Exception(string.Create(CultureInfo.InvariantCulture, $"the reader took nothing for {waited.TotalSeconds:0.#} s"));
