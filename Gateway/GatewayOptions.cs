using System.Globalization;
using Microsoft.Extensions.Options;

namespace XLLM.Gateway;

/// <summary>Bounds of the HTTP API. Section <c>Xllm:Gateway</c> of the configuration.</summary>
internal sealed class GatewayOptions
{
    /// <summary>Name of the configuration section.</summary>
    public const string Section = "Xllm:Gateway";

    /// <summary>Largest request body. 1,024 to 268,435,456 bytes. Default 33,554,432; more is answered 413.</summary>
    /// <remarks>Pictures come as base64: 32 MiB hold one of 20 MB (OpenAI's bound of a picture) beside eight million bytes of text, which is two million tokens. Kestrel's own default is 30,000,000.</remarks>
    public int MaxBodyBytes { get; set; } = 32 * 1024 * 1024;

    /// <summary>Most answers of one request: <c>n</c>, times the prompts of a completion. 1 to 1,024. Default 128.</summary>
    /// <remarks>OpenAI's bound of <c>n</c> is 128.</remarks>
    public int MaxChoices { get; set; } = 128;

    /// <summary>Most inputs of one request for embeddings, and most documents of one to rank. 1 to 100,000. Default 2,048.</summary>
    /// <remarks>OpenAI's bound of <c>input</c> is 2,048.</remarks>
    public int MaxInputs { get; set; } = 2048;

    /// <summary>Most inputs of one such request that are computed at a time. 1 to 1,024. Default 32.</summary>
    /// <remarks>Half of the sequences that an engine runs by default: a request of thousands of inputs leaves the other half, and the queue, to others.</remarks>
    public int MaxParallelInputs { get; set; } = 32;

    /// <summary>Most stop strings of one request. 1 to 1,024. Default 64.</summary>
    /// <remarks>OpenAI allows 4, vLLM any number. Every drawn token is compared with each of them on the engine's thread, so there has to be a bound; agents were seen to send up to 16.</remarks>
    public int MaxStopStrings { get; set; } = 64;

    /// <summary>Most UTF-16 units of one stop string. 1 to 65,536. Default 1,024.</summary>
    /// <remarks>Text is held back while it may be a stop string's beginning, so long ones delay a stream.</remarks>
    public int MaxStopLength { get; set; } = 1024;

    /// <summary>Most messages of one request. 1 to 1,000,000. Default 16,384.</summary>
    /// <remarks>Each costs a turn of the template's loop, whose turns are bounded too.</remarks>
    public int MaxMessages { get; set; } = 16384;

    /// <summary>Most tools of one request. 1 to 4,096. Default 512.</summary>
    /// <remarks>OpenAI allows 128; agents with several tool servers send more.</remarks>
    public int MaxTools { get; set; } = 512;

    /// <summary>Silence after which a stream gets a comment line, so that proxies keep it open. 1 second to 1 hour. Default 15 seconds.</summary>
    /// <remarks>The HTML specification's advice for event streams; llama.cpp's server sends one every 30 seconds; common proxies cut after 60.</remarks>
    public TimeSpan PingInterval { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Longest wait for a reader to take what was written; then its connection is cut and its generation stopped. 1 second to 1 hour. Default 30 seconds.</summary>
    /// <remarks>Kestrel alone cuts below 240 bytes/s, but only after its own buffer of 64 KiB is full.</remarks>
    public TimeSpan WriteTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>What 429 and 503 answers tell clients to wait. 1 second to 1 hour. Default 1 second.</summary>
    /// <remarks>A queued request of the demo size begins within a second; official clients retry by themselves, two or three times.</remarks>
    public TimeSpan RetryAfter { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Most label sets one instrument may have in <c>/metrics</c>; further ones are joined under <c>overflow="true"</c>. 1 to 100,000. Default 1,000.</summary>
    /// <remarks>A bound on memory and on the scraper's database; OpenTelemetry's default is 2,000.</remarks>
    public int MaxSeriesPerInstrument { get; set; } = 1000;

    /// <summary>Key that administrators show, at least 16 characters. Default empty: none, and only this machine may administer. A secret: set it by environment (<c>Xllm__Gateway__AdminKey</c>).</summary>
    /// <remarks>16 characters of letters and digits have over 80 bits; guessing is not slowed down otherwise.</remarks>
    public string AdminKey { get; set; } = "";

    /// <summary>Where administration and dashboard are served, apart from the users' API: <c>http://HOST:PORT</c>. Default empty: on the same address.</summary>
    public string AdminUrl { get; set; } = "";

    /// <summary>How long stored responses are kept after they ended. 1 minute to 3650 days. Default 30 days.</summary>
    /// <remarks>OpenAI's own. Answers to requests with an idempotency key are kept for <see cref="KeepIdempotentFor"/>.</remarks>
    public TimeSpan KeepResponsesFor { get; set; } = TimeSpan.FromDays(30);

    /// <summary>How long a chat request with an idempotency key is remembered after it was answered. 1 minute to 3650 days. Default 1 day.</summary>
    /// <remarks>Stripe, whose header it is, keeps keys for at least 24 hours.</remarks>
    public TimeSpan KeepIdempotentFor { get; set; } = TimeSpan.FromDays(1);

    /// <summary>Every fault of these options; none if they can be used.</summary>
    public IEnumerable<string> Faults()
    {
        string?[] faults =
        [
            OutOfRange(nameof(MaxBodyBytes), MaxBodyBytes, 1024, 256 * 1024 * 1024),
            OutOfRange(nameof(MaxChoices), MaxChoices, 1, 1024),
            OutOfRange(nameof(MaxInputs), MaxInputs, 1, 100_000),
            OutOfRange(nameof(MaxParallelInputs), MaxParallelInputs, 1, 1024),
            OutOfRange(nameof(MaxStopStrings), MaxStopStrings, 1, 1024),
            OutOfRange(nameof(MaxStopLength), MaxStopLength, 1, 65_536),
            OutOfRange(nameof(MaxMessages), MaxMessages, 1, 1_000_000),
            OutOfRange(nameof(MaxTools), MaxTools, 1, 4096),
            OutOfRange(nameof(PingInterval), PingInterval, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1)),
            OutOfRange(nameof(WriteTimeout), WriteTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1)),
            OutOfRange(nameof(RetryAfter), RetryAfter, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1)),
            OutOfRange(nameof(MaxSeriesPerInstrument), MaxSeriesPerInstrument, 1, 100_000),
            AdminKey.Length is > 0 and < 16 ? $"{Section}:{nameof(AdminKey)} has {AdminKey.Length} characters: it must have at least 16" : null,
            AdminUrl.Length > 0 && !(Uri.TryCreate(AdminUrl, UriKind.Absolute, out var url) && url.Scheme is "http" or "https")
                ? $"{Section}:{nameof(AdminUrl)} is {AdminUrl}: it must be http://HOST:PORT"
                : null,
            OutOfRange(nameof(KeepResponsesFor), KeepResponsesFor, TimeSpan.FromMinutes(1), TimeSpan.FromDays(3650)),
            OutOfRange(nameof(KeepIdempotentFor), KeepIdempotentFor, TimeSpan.FromMinutes(1), TimeSpan.FromDays(3650)),
        ];
        return faults.OfType<string>();
    }

    private static string? OutOfRange<T>(string option, T value, T least, T most)
        where T : IComparable<T> => value.CompareTo(least) >= 0 && value.CompareTo(most) <= 0
            ? null
            : string.Create(CultureInfo.InvariantCulture, $"{Section}:{option} is {value}: it must be {least} to {most}");
}

/// <summary>Says every fault of <see cref="GatewayOptions"/> at start-up.</summary>
internal sealed class GatewayOptionsValidator : IValidateOptions<GatewayOptions>
{
    /// <inheritdoc/>
    public ValidateOptionsResult Validate(string? name, GatewayOptions options)
    {
        string[] faults = [.. options.Faults()];
        return faults.Length == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }
}
