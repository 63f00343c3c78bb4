namespace XLLM.Gateway.OpenAI;

/// <summary>Runs the inputs of one request side by side, few enough that they leave room in the engine's queue for others.</summary>
internal static class PooledInputs
{
    /// <summary>Runs them; the first fault stops the rest.</summary>
    /// <param name="count">Inputs.</param>
    /// <param name="parallel">Most at a time.</param>
    /// <param name="firstAlone">The first input runs before the others: they begin as it does, and find its KV blocks.</param>
    /// <param name="run">Runs one of them.</param>
    /// <param name="cancellationToken">The client left.</param>
    public static async Task<T[]> RunAsync<T>(int count, int parallel, bool firstAlone, Func<int, CancellationToken, Task<T>> run, CancellationToken cancellationToken)
    {
        var results = new T[count];
        var first = 0;
        if (firstAlone)
        {
            results[first] = await run(first++, cancellationToken);
        }

        await Parallel.ForEachAsync(
            Enumerable.Range(first, count - first),
            new ParallelOptions { MaxDegreeOfParallelism = parallel, CancellationToken = cancellationToken },
            async (i, cancel) => results[i] = await run(i, cancel));
        return results;
    }
}
