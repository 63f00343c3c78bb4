using XLLM.Grains.Interfaces.Administration;

namespace XLLM.Gateway.Admin;

/// <summary>Runs an administrator's act and keeps it: in the log always, in the cluster's audit where that can be written.</summary>
internal sealed partial class AdminAudit(IAdministration administration, TimeProvider clock, ILogger<AdminAudit> logger)
{
    /// <summary>Runs an act. It is kept when this returns, whether it succeeded or not.</summary>
    /// <param name="context">The request.</param>
    /// <param name="what">What is done.</param>
    /// <param name="target">To what.</param>
    /// <param name="act">Does it.</param>
    /// <param name="outcome">The result in words.</param>
    public async Task<T> RunAsync<T>(HttpContext context, string what, string target, Func<Task<T>> act, Func<T, string> outcome)
    {
        var started = clock.GetTimestamp();
        try
        {
            var result = await act();
            await KeepAsync(context, what, target, succeeded: true, outcome(result), started);
            return result;
        }
        catch (Exception exception)
        {
            await KeepAsync(context, what, target, succeeded: false, exception.Message, started);
            throw;
        }
    }

    private async Task KeepAsync(HttpContext context, string what, string target, bool succeeded, string outcome, long started)
    {
        var entry = new AuditEntry
        {
            When = clock.GetUtcNow(),
            Who = AdminMiddleware.WhoIs(context),
            What = what,
            Target = target,
            Succeeded = succeeded,
            Outcome = outcome,
            Duration = clock.GetElapsedTime(started),
            RequestId = context.TraceIdentifier,
        };
        LogAct(entry.RequestId, entry.Who, what, target, succeeded ? "done" : "failed", outcome, entry.Duration.TotalMilliseconds);
        try
        {
            await administration.AuditAsync(entry);
        }
        catch (Exception exception)
        {
            // The act is done, or has failed, for its own reasons; the log has it. Telling the administrator otherwise would be wrong.
            LogNotKept(entry.RequestId, exception);
        }
    }

    [LoggerMessage(1020, LogLevel.Warning, "{RequestId} audit: {Who}: {What} {Target} {Result} ({Outcome}) in {Milliseconds:0} ms")]
    private partial void LogAct(string requestId, string who, string what, string target, string result, string outcome, double milliseconds);

    [LoggerMessage(1021, LogLevel.Error, "{RequestId} audit: the entry could not be stored")]
    private partial void LogNotKept(string requestId, Exception exception);
}
