using XLLM.Grains.Interfaces.Administration;

namespace XLLM.Grains.Scaling;

/// <summary>What a model should have, for one look.</summary>
/// <param name="Place">The model.</param>
/// <param name="Replicas">Silos that should serve it; null: as many as serve it now, and at least one while it is demanded.</param>
/// <param name="Asleep">It left memory for lack of use or room, and waits for a request.</param>
/// <param name="Demanded">A request waits for it, or an administrator just asked for it.</param>
internal sealed record WantedModel(ModelPlace Place, int? Replicas, bool Asleep, bool Demanded);

/// <summary>A silo that may have models, for one look.</summary>
/// <param name="Report">What it said.</param>
/// <param name="Failed">Models whose loading failed there a short while ago.</param>
internal sealed record ModelSilo(SiloReport Report, IReadOnlySet<string> Failed);

/// <summary>When models leave memory, for one look.</summary>
/// <param name="IdleUnload">See <see cref="LifecycleOptions.IdleUnload"/>.</param>
/// <param name="MinResidence">See <see cref="LifecycleOptions.MinResidence"/>.</param>
internal readonly record struct ResidenceRules(TimeSpan? IdleUnload, TimeSpan MinResidence);

/// <summary>What to do after a look.</summary>
/// <param name="Actions">Loads and unloads; all may run at once.</param>
/// <param name="FallAsleep">Models that leave memory until a request wants them.</param>
/// <param name="Obstacles">By model: why a replica that is wanted cannot be had now.</param>
internal sealed record ReplicaPlan(IReadOnlyList<ReplicaAction> Actions, IReadOnlyList<string> FallAsleep, IReadOnlyDictionary<string, string> Obstacles);

/// <summary>One load or unload.</summary>
/// <param name="Kind">Which.</param>
/// <param name="Silo">Parsable address of the silo.</param>
/// <param name="Model">The model.</param>
/// <param name="Reason">For the log.</param>
internal sealed record ReplicaAction(ReplicaActionKind Kind, string Silo, ModelPlace Model, string Reason);

/// <summary>Load or unload.</summary>
internal enum ReplicaActionKind
{
    /// <summary>Bring a model into a silo.</summary>
    Load,

    /// <summary>Take it out.</summary>
    Unload,
}
