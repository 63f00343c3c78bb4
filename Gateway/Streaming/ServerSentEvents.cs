using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http.Features;

namespace XLLM.Gateway.Streaming;

/// <summary>Frames of an event stream. Headers go out with the first flush, so that a fault before it still has its own status.</summary>
/// <param name="context">The exchange.</param>
/// <param name="writeTimeout">Longest wait for the reader at one flush.</param>
/// <param name="clock">Measures it.</param>
internal sealed class ServerSentEvents(HttpContext context, TimeSpan writeTimeout, TimeProvider clock) : IDisposable
{
    private readonly HttpResponse _response = context.Response;
    private Utf8JsonWriter? _json;

    /// <summary>Something has been written: the status can no longer change.</summary>
    public bool HasStarted => _json is not null;

    /// <summary>Writes an event: one line of JSON.</summary>
    public void Data<T>(T value, JsonTypeInfo<T> type)
    {
        Start();
        _response.BodyWriter.Write("data: "u8);
        _json!.Reset(_response.BodyWriter);
        JsonSerializer.Serialize(_json, value, type);
        _response.BodyWriter.Write("\n\n"u8);
    }

    /// <summary>Writes an event with its type in a line of its own.</summary>
    public void Event<T>(string name, T value, JsonTypeInfo<T> type)
    {
        Start();
        _response.BodyWriter.Write(Encoding.UTF8.GetBytes($"event: {name}\n"));
        Data(value, type);
    }

    /// <summary>Writes OpenAI's last event.</summary>
    public void Done()
    {
        Start();
        _response.BodyWriter.Write("data: [DONE]\n\n"u8);
    }

    /// <summary>Writes a comment, which readers skip and proxies see.</summary>
    public void Ping()
    {
        Start();
        _response.BodyWriter.Write(": ping\n\n"u8);
    }

    /// <summary>Sends what was written.</summary>
    /// <exception cref="SlowReaderException">The reader did not take it in time; its connection is cut.</exception>
    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        if (!HasStarted)
        {
            return;
        }

        var flush = _response.BodyWriter.FlushAsync(cancellationToken);
        if (flush.IsCompleted)
        {
            await flush;
            return;
        }

        try
        {
            await flush.AsTask().WaitAsync(writeTimeout, clock, cancellationToken);
        }
        catch (TimeoutException)
        {
            context.Abort();
            throw new SlowReaderException(writeTimeout);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _json?.Dispose();

    private void Start()
    {
        if (_json is not null)
        {
            return;
        }

        _response.ContentType = "text/event-stream; charset=utf-8";
        _response.Headers.CacheControl = "no-cache";
        _response.Headers["X-Accel-Buffering"] = "no";      // nginx would collect the events
        context.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        _json = new(_response.BodyWriter, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
    }
}
