using XLLM.Grains.Interfaces.Administration;

namespace XLLM.Grains.Ports;

/// <summary>Loads and unloads models while the silo runs. Implemented by the silo, faked in tests. Thread-safe.</summary>
public interface IModelLoader
{
    /// <summary>Models whose files this silo knows, by name.</summary>
    IReadOnlyList<KnownModel> Known { get; }

    /// <summary>Models in memory, or on their way in or out, by name.</summary>
    IReadOnlyList<LoadedReplica> Replicas { get; }

    /// <summary>Most bytes that models may take here; null: no bound.</summary>
    long? MemoryBudgetBytes { get; }

    /// <summary>Loads a model, or joins its loading, and tells how it goes, to <see cref="ModelLoadStage.Ready"/> or <see cref="ModelLoadStage.Failed"/>. Leaving the enumeration stops nothing.</summary>
    IAsyncEnumerable<ModelLoadEvent> LoadAsync(ModelPlace model, CancellationToken cancellationToken);

    /// <summary>Lets a model's generations finish, then gives its memory back.</summary>
    /// <returns>False if it is not loaded.</returns>
    Task<bool> UnloadAsync(string model, CancellationToken cancellationToken);
}
