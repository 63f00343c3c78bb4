using System.Runtime.CompilerServices;
using XLLM.Grains.Interfaces.Administration;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Hosting;

/// <summary>One loading, and those who watch it: each sees the newest state, and the last one for certain. Thread-safe.</summary>
/// <param name="model">The model's name.</param>
/// <param name="bytes">What it is expected to take.</param>
internal sealed class ModelLoadRun(string model, long bytes) : IProgress<LoadProgress>
{
    private readonly Lock _lock = new();
    private ModelLoadEvent _newest = new() { Model = model, Silo = "", Stage = ModelLoadStage.Loading };
    private TaskCompletionSource _changed = NewSignal();

    /// <summary>What it is expected to take.</summary>
    public long Bytes => bytes;

    /// <inheritdoc/>
    public void Report(LoadProgress value) => Tell(_newest with { Bytes = value.Bytes, TotalBytes = value.TotalBytes });

    /// <summary>It is over.</summary>
    /// <param name="stage">How it ended.</param>
    /// <param name="message">What was loaded, or why not.</param>
    public void End(ModelLoadStage stage, string message) => Tell(_newest with { Stage = stage, Message = message });

    /// <summary>The states from now on, to the last.</summary>
    public async IAsyncEnumerable<ModelLoadEvent> WatchAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            ModelLoadEvent newest;
            Task changed;
            lock (_lock)
            {
                (newest, changed) = (_newest, _changed.Task);
            }

            yield return newest;
            if (newest.Stage != ModelLoadStage.Loading)
            {
                yield break;
            }

            await changed.WaitAsync(cancellationToken);
        }
    }

    private void Tell(ModelLoadEvent next)
    {
        TaskCompletionSource changed;
        lock (_lock)
        {
            _newest = next;
            (changed, _changed) = (_changed, NewSignal());
        }

        changed.TrySetResult();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
