using System.Text.Json;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace XLLM.Gateway.Health;

/// <summary>The body of <c>/health/live</c> and <c>/health/ready</c>: <c>{"status":"healthy","checks":{"engine":{"status":"healthy","description":"..."}}}</c>.</summary>
public static class HealthAnswer
{
    /// <summary>Writes a report; the <c>ResponseWriter</c> of <c>HealthCheckOptions</c>. Exceptions are left out: probes are open to all.</summary>
    public static async Task WriteAsync(HttpContext context, HealthReport report)
    {
        context.Response.ContentType = "application/json; charset=utf-8";
        await using var json = new Utf8JsonWriter(context.Response.BodyWriter);      // which only fills the pipe
        json.WriteStartObject();
        json.WriteString("status"u8, Word(report.Status));
        json.WriteStartObject("checks"u8);
        foreach (var (name, entry) in report.Entries)
        {
            json.WriteStartObject(name);
            json.WriteString("status"u8, Word(entry.Status));
            if (entry.Description is { } description)
            {
                json.WriteString("description"u8, description);
            }

            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.WriteEndObject();
        await json.FlushAsync(context.RequestAborted);
        await context.Response.BodyWriter.FlushAsync(context.RequestAborted);
    }

    private static string Word(HealthStatus status) => status switch
    {
        HealthStatus.Healthy => "healthy",
        HealthStatus.Degraded => "degraded",
        _ => "unhealthy",
    };
}
