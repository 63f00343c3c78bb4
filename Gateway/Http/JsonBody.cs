using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using Microsoft.AspNetCore.Http.Features;
using XLLM.Gateway.OpenAI;
using XLLM.Gateway.OpenAI.Requests;

namespace XLLM.Gateway.Http;

/// <summary>Reads a request's body as a JSON object, or says exactly why it is none. Of equal field names the last counts.</summary>
internal static class JsonBody
{
    /// <summary>Deepest nesting. System.Text.Json's own default; tool schemas seen in the wild stay below 20.</summary>
    private const int MaxDepth = 64;

    /// <summary>Reads the body.</summary>
    /// <param name="request">Its body has not been read.</param>
    /// <param name="maxBytes">Most bytes.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ApiException">Content type, size, encoding or syntax is wrong.</exception>
    public static async Task<JsonDocument> ReadAsync(HttpRequest request, int maxBytes, CancellationToken cancellationToken)
    {
        // The bound is ours, for bodies without a length too. Kestrel's own would answer without our envelope, and cut off who still sends before the answer is read.
        if (request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = null;
        }

        if (!request.HasJsonContentType())
        {
            var type = string.IsNullOrEmpty(request.ContentType) ? "missing" : $"'{request.ContentType}'";
            throw Refuse(ErrorMapping.UnsupportedMediaType, $"The content type is {type}; send application/json.");
        }

        if (request.ContentLength > maxBytes)
        {
            throw TooLarge($"{request.ContentLength}", maxBytes);
        }

        return Parse(await ReadBytesAsync(request, maxBytes, cancellationToken));
    }

    /// <summary>Parses a body.</summary>
    /// <exception cref="ApiException">Encoding or syntax is wrong.</exception>
    public static JsonDocument Parse(ReadOnlyMemory<byte> body)
    {
        body = body.Span.StartsWith(Encoding.UTF8.Preamble) ? body[Encoding.UTF8.Preamble.Length..] : body;
        CheckUtf8(body.Span);
        try
        {
            var document = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = MaxDepth });
            CheckSurrogates(body.Span);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? document
                : throw Refuse(ErrorMapping.InvalidJson, $"The body must be a JSON object, but is {JsonFields.Show(document.RootElement)}.");
        }
        catch (JsonException exception)
        {
            var reason = exception.Message.Split(" LineNumber:", 2)[0];
            throw Refuse(ErrorMapping.InvalidJson, string.Create(
                CultureInfo.InvariantCulture, $"The body is no JSON, at line {exception.LineNumber + 1}, byte {exception.BytePositionInLine + 1}: {reason}"));
        }
    }

    private static async Task<byte[]> ReadBytesAsync(HttpRequest request, int maxBytes, CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await request.BodyReader.ReadAsync(cancellationToken);
            if (read.Buffer.Length > maxBytes)
            {
                request.BodyReader.AdvanceTo(read.Buffer.End);
                throw TooLarge($"more than {maxBytes}", maxBytes);
            }

            if (read.IsCompleted)
            {
                var bytes = read.Buffer.ToArray();
                request.BodyReader.AdvanceTo(read.Buffer.End);
                return bytes;
            }

            request.BodyReader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    private static void CheckUtf8(ReadOnlySpan<byte> body)
    {
        if (Utf8.IsValid(body))
        {
            return;
        }

        var at = 0;
        while (Rune.DecodeFromUtf8(body[at..], out _, out var length) == OperationStatus.Done)
        {
            at += length;
        }

        throw Refuse(ErrorMapping.InvalidUtf8, string.Create(CultureInfo.InvariantCulture, $"The body is no UTF-8: byte {at + 1} of {body.Length} is 0x{body[at]:X2}."));
    }

    /// <summary>JSON may escape half a surrogate pair, which is no text.</summary>
    private static void CheckSurrogates(ReadOnlySpan<byte> body)
    {
        if (body.IndexOf("\\u"u8) < 0)
        {
            return;
        }

        var reader = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = MaxDepth });
        while (reader.Read())
        {
            if (reader.ValueIsEscaped && reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName)
            {
                try
                {
                    reader.GetString();
                }
                catch (InvalidOperationException)
                {
                    throw Refuse(ErrorMapping.InvalidUtf8, string.Create(
                        CultureInfo.InvariantCulture, $"The body is no text: the string at byte {reader.TokenStartIndex + 1} escapes half a surrogate pair."));
                }
            }
        }
    }

    private static ApiException TooLarge(string bytes, int maxBytes) =>
        Refuse(ErrorMapping.BodyTooLarge, string.Create(CultureInfo.InvariantCulture, $"The body has {bytes} bytes; at most {maxBytes} are allowed."));

    private static ApiException Refuse(string code, string message) => new(ErrorMapping.Error(code, message));
}
