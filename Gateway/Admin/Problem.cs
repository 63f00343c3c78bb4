using System.Text.Json;
using Microsoft.AspNetCore.Mvc;
using XLLM.Gateway.OpenAI;

namespace XLLM.Gateway.Admin;

/// <summary>Errors of the administration routes: RFC 9457, with our code in <c>code</c>.</summary>
internal static class Problem
{
    private const string ContentType = "application/problem+json";

    /// <summary>Writes an error that users could get too, with the same code and status.</summary>
    public static Task WriteAsync(HttpContext context, ApiError error) => WriteAsync(context, error.Status, error.Code, error.Message);

    /// <summary>Writes an error.</summary>
    public static async Task WriteAsync(HttpContext context, int status, string code, string detail)
    {
        var problem = new ProblemDetails { Status = status, Title = Microsoft.AspNetCore.WebUtilities.ReasonPhrases.GetReasonPhrase(status), Detail = detail, Instance = context.Request.Path };
        problem.Extensions["code"] = code;
        context.Response.StatusCode = status;
        context.Response.ContentType = ContentType;
        await context.Response.Body.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(problem, AdminJsonContext.Default.ProblemDetails), context.RequestAborted);
    }
}
