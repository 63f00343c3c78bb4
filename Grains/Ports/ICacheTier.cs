using XLLM.Grains.Interfaces.Administration;

namespace XLLM.Grains.Ports;

/// <summary>A cache of keys and values that administrators may look at and empty. Each one that is registered shows up; thread-safe.</summary>
public interface ICacheTier
{
    /// <summary>Its name: device, host, storage, ...</summary>
    string Name { get; }

    /// <summary>What it holds, by model where it keeps them apart.</summary>
    IReadOnlyList<CacheTierReport> Report();

    /// <summary>Empties it.</summary>
    /// <param name="model">Only what belongs to this model; null: all.</param>
    /// <returns>Bytes that were given back; null if it cannot be emptied.</returns>
    Task<long?> ClearAsync(string? model, CancellationToken cancellationToken);
}
