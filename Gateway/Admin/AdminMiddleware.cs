using Microsoft.Extensions.Options;
using XLLM.Gateway.Explorer;
using XLLM.Gateway.Http;
using XLLM.Gateway.OpenAI;

namespace XLLM.Gateway.Admin;

/// <summary>Around everything that only administrators may see: the routes under <see cref="Prefix"/>, their document, and the dashboard. Who may, on which port, and errors as problem details.</summary>
internal sealed partial class AdminMiddleware(RequestDelegate next, IOptions<GatewayOptions> options, ILogger<AdminMiddleware> logger)
{
    /// <summary>Path of the administration routes.</summary>
    public const string Prefix = "/v1/admin";

    private const string Dashboard = "/dashboard";
    private static readonly object Key = new();
    private readonly int? _port = options.Value.AdminUrl.Length > 0 ? new Uri(options.Value.AdminUrl).Port : null;

    /// <summary>Whether a path is an administrator's.</summary>
    public static bool IsAdmin(PathString path) => path.StartsWithSegments(Prefix, StringComparison.OrdinalIgnoreCase);

    /// <summary>Who sends the request that is being answered.</summary>
    public static string WhoIs(HttpContext context) => context.Items[Key] as string ?? throw new InvalidOperationException($"{context.Request.Path} is answered outside the administration's middleware");

    /// <summary>Answers a request.</summary>
    public async Task InvokeAsync(HttpContext context)
    {
        var path = context.Request.Path;
        var isRoute = IsAdmin(path);
        var isPage = path.StartsWithSegments(Dashboard, StringComparison.OrdinalIgnoreCase) || path.StartsWithSegments(AdminDocument.Path, StringComparison.OrdinalIgnoreCase);
        if (!isRoute && !isPage)
        {
            if (_port == context.Connection.LocalPort && path.StartsWithSegments("/v1", StringComparison.OrdinalIgnoreCase))
            {
                await Problem.WriteAsync(context, StatusCodes.Status404NotFound, ErrorMapping.NotFound, $"This port is for administration; {path} is on the others.");
                return;
            }

            await next(context);
            return;
        }

        var requestId = RequestIds.Of(context.Request);
        context.Response.Headers[RequestIds.Header] = requestId;
        context.TraceIdentifier = requestId;
        if (_port is { } port && context.Connection.LocalPort != port)
        {
            await Problem.WriteAsync(context, StatusCodes.Status404NotFound, ErrorMapping.NotFound, $"There is no {context.Request.Method} {path} on this port.");
            return;
        }

        var (who, refusal) = AdminAccess.Decide(options.Value.AdminKey, AdminCaller.Of(context));
        if (who is null)
        {
            LogRefused(requestId, context.Request.Method, path, context.Connection.RemoteIpAddress?.ToString(), refusal!);
            await RefuseAsync(context, refusal!, isPage);
            return;
        }

        context.Items[Key] = who;
        await AnswerAsync(context, requestId, isRoute);
    }

    /// <summary>Pages are opened by browsers, which ask their user for the key when they are told so.</summary>
    private Task RefuseAsync(HttpContext context, string refusal, bool isPage)
    {
        if (options.Value.AdminKey.Length == 0)
        {
            return Problem.WriteAsync(context, StatusCodes.Status403Forbidden, ErrorMapping.Forbidden, refusal);
        }

        context.Response.Headers.WWWAuthenticate = isPage ? "Basic realm=\"XLLM.Orleans\", charset=\"UTF-8\"" : "Bearer realm=\"XLLM.Orleans\"";
        return Problem.WriteAsync(context, StatusCodes.Status401Unauthorized, ErrorMapping.Unauthorized, refusal);
    }

    private async Task AnswerAsync(HttpContext context, string requestId, bool isRoute)
    {
        try
        {
            await next(context);
            if (isRoute && !context.Response.HasStarted && Unrouted(context) is { } problem)
            {
                await Problem.WriteAsync(context, context.Response.StatusCode, problem.Code, problem.Detail);
            }
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            // The administrator left; what was begun goes on, and the audit has it.
        }
        catch (Exception exception) when (isRoute && !context.Response.HasStarted)
        {
            var error = ErrorMapping.From(exception);
            if (error == ErrorMapping.Internal)
            {
                LogFailed(requestId, exception);
            }

            await Problem.WriteAsync(context, error);
        }
    }

    /// <summary>What routing decided without an endpoint; null: nothing.</summary>
    private static (string Code, string Detail)? Unrouted(HttpContext context) => context.Response.StatusCode switch
    {
        StatusCodes.Status404NotFound => (ErrorMapping.NotFound, $"There is no {context.Request.Method} {context.Request.Path}."),
        StatusCodes.Status405MethodNotAllowed => (ErrorMapping.MethodNotAllowed, $"{context.Request.Path} does not take {context.Request.Method}, but {context.Response.Headers.Allow}."),
        StatusCodes.Status415UnsupportedMediaType => (ErrorMapping.UnsupportedMediaType, $"The content type '{context.Request.ContentType}' is not taken; send application/json."),
        _ => null,
    };

    [LoggerMessage(1031, LogLevel.Warning, "{RequestId} {Method} {Path} from {Address} was refused: {Refusal}")]
    private partial void LogRefused(string requestId, string method, string path, string? address, string refusal);

    [LoggerMessage(1032, LogLevel.Error, "{RequestId} failed")]
    private partial void LogFailed(string requestId, Exception exception);
}
