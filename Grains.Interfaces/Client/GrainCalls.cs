namespace XLLM.Grains.Interfaces.Client;

/// <summary>Calls of stateless grains: they may run in any silo, so one lost silo is no answer.</summary>
internal static class GrainCalls
{
    /// <summary>Calls, and calls once more if the silo was lost. Only for calls that change nothing.</summary>
    /// <exception cref="RequestException">Lost twice.</exception>
    public static async Task<T> RetryOnLossAsync<T>(Func<Task<T>> call)
    {
        try
        {
            return await call();
        }
        catch (Exception exception) when (ReplicaLoss.Is(exception))
        {
            // The second call is placed anew, on a silo that lives.
        }

        try
        {
            return await call();
        }
        catch (Exception exception) when (ReplicaLoss.Is(exception))
        {
            throw new RequestException(RequestErrors.Unavailable, $"the cluster did not answer twice: {exception.Message}");
        }
    }
}
