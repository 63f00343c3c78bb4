using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using XLLM.Gateway.OpenAI.Wire;

namespace XLLM.Gateway.OpenAI;

/// <summary>Writes an answer of one piece.</summary>
internal static class AnswerJson
{
    /// <summary>Writes a value with status 200.</summary>
    public static Task WriteAsync<T>(HttpResponse response, T value, JsonTypeInfo<T> type, CancellationToken cancellationToken) =>
        WriteAsync(response, StatusCodes.Status200OK, value, type, cancellationToken);

    /// <summary>Writes an error with its status, and <c>Retry-After</c> where that may help.</summary>
    public static Task WriteErrorAsync(HttpResponse response, ApiError error, TimeSpan retryAfter, CancellationToken cancellationToken)
    {
        if (error.MayRetry)
        {
            response.Headers.RetryAfter = ((int)Math.Ceiling(retryAfter.TotalSeconds)).ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        return WriteAsync(response, error.Status, ErrorEnvelope.From(error), OpenAIJsonContext.Answers.ErrorEnvelope, cancellationToken);
    }

    private static async Task WriteAsync<T>(HttpResponse response, int status, T value, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(value, type);
        response.StatusCode = status;
        response.ContentType = "application/json; charset=utf-8";
        response.ContentLength = body.Length;
        await response.BodyWriter.WriteAsync(body, cancellationToken);
    }
}
