using XLLM.Grains.Interfaces.Administration;

namespace XLLM.Grains.Interfaces.Client;

/// <summary>One request's demand for a model that nobody serves: it sleeps, was unloaded under the request, or its last silo died. Loads it where that is allowed, and waits until routers know it.</summary>
/// <param name="grains">Reaches the deployments.</param>
/// <param name="clock">Measures the waiting.</param>
/// <param name="model">The model's name.</param>
public sealed class ModelDemand(IGrainFactory grains, TimeProvider clock, string model)
{
    /// <summary>How long a model that was just loaded may take to be known to routers: a silo announces it when it is loaded, and a busy one some beats later.</summary>
    private static readonly TimeSpan AnnouncementPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LookAgain = TimeSpan.FromMilliseconds(50);

    private long? _loaded;

    /// <summary>Waits for the model, once for as long as loading takes.</summary>
    /// <param name="none">Why no replica can be chosen.</param>
    /// <param name="cancellationToken">The request's reader left.</param>
    /// <returns>Whether to choose again, among all replicas: one that was lost may serve again under the same key.</returns>
    /// <exception cref="RequestException">It could not be loaded.</exception>
    public async Task<bool> ComesAsync(RequestException none, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(none);
        if (none.Code is not (RequestErrors.ModelNotFound or RequestErrors.Unavailable))
        {
            return false;
        }

        if (_loaded is { } loaded)
        {
            await Task.Delay(LookAgain, clock, cancellationToken);
            return clock.GetElapsedTime(loaded) < AnnouncementPatience;
        }

        if (!await LossPatience.CallAsync(() => grains.GetGrain<IDeploymentGrain>(0).DemandAsync(model), clock).WaitAsync(cancellationToken))
        {
            return false;
        }

        _loaded = clock.GetTimestamp();
        return true;
    }
}
