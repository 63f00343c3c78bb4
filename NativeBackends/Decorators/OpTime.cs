namespace XLLM.NativeBackends.Decorators;

/// <summary>What one op took.</summary>
/// <param name="Op">Name of the method of IOps.</param>
/// <param name="Calls">How often it was called.</param>
/// <param name="Total">Wall time of all calls.</param>
public readonly record struct OpTime(string Op, long Calls, TimeSpan Total);
