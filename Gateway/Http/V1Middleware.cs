using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Options;
using XLLM.Gateway.Admin;
using XLLM.Gateway.Diagnostics;
using XLLM.Gateway.OpenAI;
using XLLM.Gateway.Streaming;

namespace XLLM.Gateway.Http;

/// <summary>Around every request under <c>/v1</c>: its id, its error envelope whatever fails, its log line, its metrics.</summary>
internal sealed partial class V1Middleware(
    RequestDelegate next, GatewayMetrics metrics, IOptions<GatewayOptions> options, TimeProvider clock, ILogger<V1Middleware> logger)
{
    /// <summary>What proxies call a client that left; only in log and metrics.</summary>
    private const int ClientClosedRequest = 499;

    /// <summary>Answers a request.</summary>
    public async Task InvokeAsync(HttpContext context)
    {
        if (!context.Request.Path.StartsWithSegments("/v1", StringComparison.Ordinal) || AdminMiddleware.IsAdmin(context.Request.Path))
        {
            await next(context);
            return;
        }

        var trace = new RequestTrace(metrics, clock) { RequestId = RequestIds.Of(context.Request) };
        context.Features.Set(trace);
        context.Response.Headers[RequestIds.Header] = trace.RequestId;
        metrics.ActiveRequests.Add(1);
        var status = ClientClosedRequest;
        try
        {
            status = await AnswerAsync(context, trace);
        }
        finally
        {
            metrics.ActiveRequests.Add(-1);
            Note(context, trace, status);
        }
    }

    /// <summary>Runs the endpoint.</summary>
    /// <returns>The status for log and metrics.</returns>
    private async Task<int> AnswerAsync(HttpContext context, RequestTrace trace)
    {
        try
        {
            await next(context);
            if (!context.Response.HasStarted && WithoutBody(context) is { } error)
            {
                await AnswerJson.WriteErrorAsync(context.Response, error, options.Value.RetryAfter, context.RequestAborted);
            }

            return context.Response.StatusCode;
        }
        catch (StreamBrokenException broken)
        {
            var error = ErrorMapping.From(broken.InnerException!);
            LogStreamBroken(trace.RequestId, error.Code, error.Status >= 500 ? broken.InnerException : null);
            return error.Status;
        }
        catch (SlowReaderException slow)
        {
            LogSlowReader(trace.RequestId, slow.Message);
            return ClientClosedRequest;
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            return ClientClosedRequest;
        }
        catch (Exception exception) when (!context.Response.HasStarted)
        {
            var error = ErrorMapping.From(exception);
            if (error == ErrorMapping.Internal)
            {
                LogFailed(trace.RequestId, exception);
            }

            await AnswerJson.WriteErrorAsync(context.Response, error, options.Value.RetryAfter, context.RequestAborted);
            return error.Status;
        }
    }

    /// <summary>Routing answers some requests itself, with a status and no body.</summary>
    private static ApiError? WithoutBody(HttpContext context) => context.Response.StatusCode switch
    {
        StatusCodes.Status404NotFound => ErrorMapping.Error(ErrorMapping.NotFound, $"There is no {context.Request.Method} {context.Request.Path}."),
        StatusCodes.Status405MethodNotAllowed => ErrorMapping.Error(
            ErrorMapping.MethodNotAllowed, $"{context.Request.Path} does not take {context.Request.Method}, but {context.Response.Headers.Allow}."),
        StatusCodes.Status415UnsupportedMediaType => ErrorMapping.Error(
            ErrorMapping.UnsupportedMediaType, $"The content type '{context.Request.ContentType}' is not taken; send application/json."),
        _ => null,
    };

    private void Note(HttpContext context, RequestTrace trace, int status)
    {
        var route = (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "none";
        var code = status.ToString(CultureInfo.InvariantCulture);
        var method = HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsPost(context.Request.Method) || HttpMethods.IsDelete(context.Request.Method)
            ? context.Request.Method
            : "other";
        metrics.Requests.Add(1, new TagList { { "route", route }, { "method", method }, { "status", code } });
        metrics.RequestDuration.Record(trace.Elapsed.TotalSeconds, new TagList { { "route", route }, { "status", code } });
        LogRequest(
            trace.RequestId,
            method,
            route,
            status,
            Loggable(trace.Model),
            trace.Usage.PromptTokens,
            trace.Usage.CachedTokens,
            trace.Usage.GeneratedTokens,
            trace.FinishReason,
            trace.FirstToken?.TotalMilliseconds,
            trace.Elapsed.TotalMilliseconds);
    }

    /// <summary>What a client calls a model may be anything; a log line stays one line.</summary>
    private static string? Loggable(string? model)
    {
        const int most = 100;
        return model is null ? null : string.Concat(model.Take(most).Select(c => char.IsControl(c) ? '?' : c));
    }

    [LoggerMessage(
        1000,
        LogLevel.Information,
        "{RequestId} {Method} {Route} {Status} model={Model} prompt={PromptTokens} cached={CachedTokens} generated={GeneratedTokens} finish={FinishReason} ttft={FirstTokenMilliseconds:0.0}ms duration={Milliseconds:0.0}ms")]
    private partial void LogRequest(
        string requestId, string method, string route, int status, string? model, int promptTokens, int cachedTokens, int generatedTokens, string? finishReason, double? firstTokenMilliseconds, double milliseconds);

    [LoggerMessage(1001, LogLevel.Error, "{RequestId} failed")]
    private partial void LogFailed(string requestId, Exception exception);

    [LoggerMessage(1002, LogLevel.Warning, "{RequestId} broke off its stream with {Code}")]
    private partial void LogStreamBroken(string requestId, string code, Exception? exception);

    [LoggerMessage(1003, LogLevel.Information, "{RequestId} was cut: {Reason}")]
    private partial void LogSlowReader(string requestId, string reason);
}
