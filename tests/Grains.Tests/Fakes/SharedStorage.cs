using System.Collections.Concurrent;
using Orleans.Runtime;
using Orleans.Serialization;
using Orleans.Storage;

namespace XLLM.Grains.Tests.Fakes;

/// <summary>A database as silos see it: it outlives them. Orleans' own memory storage dies with the silo that its rows happen to lie in.</summary>
internal sealed class SharedStorage(Serializer serializer, ConcurrentDictionary<string, (byte[] Payload, int Version)> rows) : IGrainStorage
{
    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        if (rows.TryGetValue(Key(stateName, grainId), out var row))
        {
            (grainState.State, grainState.ETag, grainState.RecordExists) = (serializer.Deserialize<T>(row.Payload), $"{row.Version}", true);
        }
        else
        {
            (grainState.State, grainState.ETag, grainState.RecordExists) = (Activator.CreateInstance<T>(), null, false);
        }

        return Task.CompletedTask;
    }

    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        var seen = grainState.ETag is { } etag ? int.Parse(etag, System.Globalization.CultureInfo.InvariantCulture) : 0;
        var row = (serializer.SerializeToArray(grainState.State), seen + 1);
        rows.AddOrUpdate(Key(stateName, grainId), _ => seen == 0 ? row : throw Conflict(seen, 0), (_, old) => old.Version == seen ? row : throw Conflict(seen, old.Version));
        (grainState.ETag, grainState.RecordExists) = ($"{seen + 1}", true);
        return Task.CompletedTask;
    }

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        rows.TryRemove(Key(stateName, grainId), out _);
        (grainState.State, grainState.ETag, grainState.RecordExists) = (Activator.CreateInstance<T>(), null, false);
        return Task.CompletedTask;
    }

    private static string Key(string stateName, GrainId grainId) => $"{stateName}/{grainId}";

    private static InconsistentStateException Conflict(int seen, int stored) => new($"version {seen} was to be replaced, but version {stored} is stored");
}
