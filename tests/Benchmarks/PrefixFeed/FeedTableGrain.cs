using System.Diagnostics;
using Orleans.Placement;
using Orleans.Streams;

namespace XLLM.Benchmarks.PrefixFeed;

/// <summary>Another silo's prefix table, as far as the way to it goes. Key: anything.</summary>
[Alias("xllm.benchmarks.feed-table"), GrainInterfaceType("xllm.benchmarks.feed-table")]
internal interface IFeedTableGrain : IGrainWithStringKey
{
    /// <summary>Listens to a stream; asked of the grain from the silo where it is to live.</summary>
    [Alias("listen")]
    Task ListenAsync(Guid stream);

    /// <summary>Takes a batch by a direct call.</summary>
    /// <returns>Its number, as the product's table answers.</returns>
    [Alias("apply")]
    Task<long> ApplyAsync(FeedBatch batch);

    /// <summary>Milliseconds from the sending of each batch to here, in the order they came; forgets them.</summary>
    [Alias("delays")]
    Task<double[]> TakeDelaysAsync();
}

/// <summary>A batch as the product sends it: hashes and tiers.</summary>
/// <param name="Number">Number of its last change.</param>
/// <param name="Sent">When it was sent, in ticks of the process's clock.</param>
/// <param name="Hashes">Two words a hash.</param>
/// <param name="Tiers">By hash.</param>
[GenerateSerializer, Immutable, Alias("xllm.benchmarks.feed-batch")]
internal sealed record FeedBatch([property: Id(0)] long Number, [property: Id(1)] long Sent, [property: Id(2)] ulong[] Hashes, [property: Id(3)] byte[] Tiers);

/// <inheritdoc/>
[GrainType("xllm.benchmarks.feed-table"), PreferLocalPlacement]
internal sealed class FeedTableGrain : Grain, IFeedTableGrain
{
    private readonly List<double> _delays = [];

    /// <inheritdoc/>
    public async Task ListenAsync(Guid stream) => await this.GetStreamProvider(PrefixFeedBenchmark.Provider)
        .GetStream<FeedBatch>(StreamId.Create("feed", stream))
        .SubscribeAsync((batch, _) => ApplyAsync(batch));

    /// <inheritdoc/>
    public Task<long> ApplyAsync(FeedBatch batch)
    {
        _delays.Add(Stopwatch.GetElapsedTime(batch.Sent).TotalMilliseconds);
        return Task.FromResult(batch.Number);
    }

    /// <inheritdoc/>
    public Task<double[]> TakeDelaysAsync()
    {
        double[] delays = [.. _delays];
        _delays.Clear();
        return Task.FromResult(delays);
    }
}
