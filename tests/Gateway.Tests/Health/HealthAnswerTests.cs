using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using XLLM.Gateway.Health;

namespace XLLM.Gateway.Tests.Health;

public sealed class HealthAnswerTests
{
    [Fact]
    public async Task AReport_IsWrittenWithoutExceptions()
    {
        using var body = new MemoryStream();
        var context = new DefaultHttpContext { Response = { Body = body } };
        var entries = new Dictionary<string, HealthReportEntry>
        {
            ["engine"] = new(HealthStatus.Unhealthy, "no step for 12 s", TimeSpan.Zero, new InvalidOperationException("secret"), null),
            ["storage"] = new(HealthStatus.Healthy, null, TimeSpan.Zero, null, null),
        };

        await HealthAnswer.WriteAsync(context, new HealthReport(entries, TimeSpan.Zero));

        Assert.Equal(
            """{"status":"unhealthy","checks":{"engine":{"status":"unhealthy","description":"no step for 12 s"},"storage":{"status":"healthy"}}}""",
            Encoding.UTF8.GetString(body.ToArray()));
        Assert.Equal("application/json; charset=utf-8", context.Response.ContentType);
    }
}
