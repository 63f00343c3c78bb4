using XLLM.Grains.Interfaces.Routing;

namespace XLLM.Grains.Interfaces.Client;

/// <summary>A replica that was chosen for a generation, until that has ended there: then the router hears of it, once. Nobody waits for that and nothing depends on it.</summary>
internal sealed class OpenChoice(IModelRouterGrain router, ReplicaChoice choice) : IDisposable
{
    private bool _ended;

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!_ended && choice.Ticket != 0)
        {
            router.EndedAsync(choice.Ticket).Ignore();
        }

        _ended = true;
    }
}
